import { testRootKey } from "@tillkeeper/stage/postgres/database";
import { world } from "@tillkeeper/stage/world";
import { type CryptoKey, decodeJwt, exportJWK, generateKeyPair, importJWK, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { decryptPrivateJwk, encryptPrivateJwk } from "../src/access/auth/keys/private-keys.ts";

const aid = "T12345678";
const documentedAudience = `https://api.dintero.com/v1/accounts/${aid}`;

/** The key that the server signs with. */
async function ownKeyOf({ kid, encrypted_private_jwk }: { kid: string; encrypted_private_jwk: string | null }) {
  const privateJwk = await decryptPrivateJwk(testRootKey(), kid, String(encrypted_private_jwk));
  return (await importJWK(privateJwk, "EdDSA")) as CryptoKey;
}

describe("using a token", async () => {
  const { server, tenant } = await world({ own: {}, aid });

  const use = (token: string) => server.call("GET", `/v1/accounts/${aid}/stores`, { token });

  it("refuses tokens that are expired, forged, unsigned, for another server, or no tokens", async () => {
    const foreign = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
    const own = await server.db.sql.selectFrom("signing_keys").selectAll().executeTakeFirstOrThrow();
    const real = decodeJwt(tenant.token);
    const build = (key: CryptoKey | Uint8Array, header: object, claims: object = {}) =>
      new SignJWT({ ...real, ...claims })
        .setProtectedHeader({ alg: "EdDSA", kid: own.kid, typ: "at+jwt", ...header })
        .sign(key);
    const ownKey = await ownKeyOf(own);
    const unsigned = [{ alg: "none", typ: "at+jwt", kid: own.kid }, real]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    // The classic attack: the public key as HMAC secret.
    const publicKey = new TextEncoder().encode(JSON.stringify(own.public_jwk));

    expect((await use(await build(ownKey, {}))).status).toBe(200);
    const refused: Record<string, string> = {
      "wrong signature": await build(foreign.privateKey, {}),
      "unknown key": await build(foreign.privateKey, { kid: "nobody" }),
      "wrong audience": await build(ownKey, {}, { aud: `https://evil.example/v1/accounts/${aid}` }),
      expired: await build(ownKey, {}, { exp: Math.floor(server.clock.now().getTime() / 1000) - 1 }),
      "another type": await build(ownKey, { typ: "JWT" }),
      "alg none": `${unsigned}.`,
      "alg none, signature": `${unsigned}.AAAA`,
      HMAC: await build(publicKey, { alg: "HS256" }),
      "not a token": "abc",
      "three empty parts": "..",
      tampered: `${tenant.token.slice(0, -4)}AAAA`,
      garbage: `${"A".repeat(500)}.${"B".repeat(500)}.${"C".repeat(86)}`,
    };
    for (const [name, token] of Object.entries(refused)) {
      const answer = await use(token);
      expect(answer, name).toMatchObject({ status: 401, body: { error: { code: "invalid_token" } } });
      expect(answer.headers.get("www-authenticate"), name).toContain('error="invalid_token"');
    }
    const none = await server.call("GET", `/v1/accounts/${aid}/stores`);
    expect(none).toMatchObject({ status: 401, body: { error: { code: "missing_token" } } });
    expect(none.headers.get("www-authenticate")).toBe('Bearer realm="tillkeeper"');
  });

  it("refuses tokens signed with its own key that it cannot have issued", async () => {
    const other = await server.account();
    const own = await server.db.sql.selectFrom("signing_keys").selectAll().executeTakeFirstOrThrow();
    const key = await ownKeyOf(own);
    const real = decodeJwt(tenant.token);
    const build = (claims: object) =>
      new SignJWT({ ...real, ...claims }).setProtectedHeader({ alg: "EdDSA", kid: own.kid, typ: "at+jwt" }).sign(key);
    const theirs = decodeJwt(other.token);
    expect((await use(await build({}))).status).toBe(200);
    // Issued by a server on loopback before it got another port, and by another name of this server.
    for (const iss of [`http://localhost:1/v1/accounts/${aid}`, documentedAudience])
      expect((await use(await build({ iss }))).status, iss).toBe(200);

    const missing = ["iss", "aud", "sub", "client_id", "scope", "grant", "iat", "exp", "jti"];
    const refused: [string, object][] = [
      ...missing.map((name): [string, object] => [`without ${name}`, { [name]: undefined }]),
      ...missing.map((name): [string, object] => [`with a list as ${name}`, { [name]: [real[name]] }]),
      ["of another issuer", { iss: `https://evil.example/v1/accounts/${aid}` }],
      ["of an issuer on loopback that is no account's", { iss: "http://localhost:1/" }],
      ["of another account's issuer", { iss: theirs.iss }],
      ["of a grant that is not there", { grant: "00000000-0000-4000-8000-000000000000" }],
      ["of a grant that is no id", { grant: "x" }],
      ["of another account's grant", { grant: theirs["grant"] }],
      ["of another client", { sub: theirs.sub, client_id: theirs.sub }],
      ["of two clients", { client_id: theirs.sub }],
      ["for another account", { aud: theirs.aud }],
      ["for ever", { exp: 1e308, iat: 1e308 }],
      ["for a year", { exp: Number(real.exp) + 31_536_000 }],
      ["with a number as scope", { scope: 1 }],
    ];
    for (const [name, claims] of refused)
      expect(await use(await build(claims)), name).toMatchObject({
        status: 401,
        body: { error: { code: "invalid_token" } },
      });
  });

  it("refuses a token of a removed grant at first sight, without waiting for the list of such grants", {
    tags: "replicas",
  }, async () => {
    const leaver = await server.account(aid, { clientId: "leaver" });
    const own = await server.db.sql.selectFrom("signing_keys").selectAll().executeTakeFirstOrThrow();
    const key = await ownKeyOf(own);
    const unseen = await new SignJWT({ ...decodeJwt(leaver.token), jti: "unseen" })
      .setProtectedHeader({ alg: "EdDSA", kid: own.kid, typ: "at+jwt" })
      .sign(key);
    const now = server.clock.now();
    await server.db.sql
      .updateTable("client_grants")
      .set({ removed_at: now, narrowed_at: now })
      .where("client_id", "=", "leaver")
      .execute();
    expect((await use(unseen)).status).toBe(401);
  });

  it("takes keys that another server added, and drops the tokens of one that was retired, within seconds", {
    tags: "replicas",
  }, async () => {
    const path = "/.well-known/jwks.json";
    const own = await server.db.sql.selectFrom("signing_keys").selectAll().executeTakeFirstOrThrow();
    const pair = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
    const created_at = new Date(own.created_at.getTime() - 1000);
    const encrypted_private_jwk = await encryptPrivateJwk(testRootKey(), "second", await exportJWK(pair.privateKey));
    const keys = { public_jwk: JSON.stringify(await exportJWK(pair.publicKey)), encrypted_private_jwk };
    await server.db.sql
      .insertInto("signing_keys")
      .values({ kid: "second", ...keys, created_at, retired_at: null })
      .execute();
    const token = await new SignJWT(decodeJwt(tenant.token))
      .setProtectedHeader({ alg: "EdDSA", kid: "second", typ: "at+jwt" })
      .sign(pair.privateKey);
    server.clock.advance(5_001);
    const uses = await Promise.all([use(token), use(token), use(token)]);
    expect(uses.map((answer) => answer.status)).toEqual([200, 200, 200]);
    expect((await server.call("GET", path)).body.keys).toHaveLength(2);
    await server.db.sql
      .updateTable("signing_keys")
      .set({ retired_at: new Date() })
      .where("kid", "=", "second")
      .execute();
    server.clock.advance(5_001);
    expect((await use(token)).status).toBe(401);
    expect((await use(tenant.token)).status).toBe(200);
  });

  it("stops taking a token when its time is over, also one it has verified before", async () => {
    expect((await use(tenant.token)).status).toBe(200);
    server.clock.advance(14_401_000);
    expect(await use(tenant.token)).toMatchObject({ status: 401, body: { error: { code: "invalid_token" } } });
    server.clock.advance(-14_401_000);
    await server.restart();
    expect((await use(tenant.token)).status).toBe(200);
  });
});
