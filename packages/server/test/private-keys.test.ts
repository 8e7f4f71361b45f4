import { testRootKey } from "@tillkeeper/stage/postgres/database";
import { world } from "@tillkeeper/stage/world";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { describe, expect, it } from "vitest";
import { createSigningKey } from "../src/access/auth/keys/key-rotation.ts";
import { decryptPrivateJwk, encryptPrivateJwk } from "../src/access/auth/keys/private-keys.ts";
import { openSigningKeys } from "../src/access/auth/keys/signing-keys.ts";

describe("private signing keys", async () => {
  const { server, tenant } = await world({ own: {} });

  const rows = () => server.db.sql.selectFrom("signing_keys").selectAll().orderBy("created_at").execute();
  const stores = async () => (await server.call("GET", `/v1/accounts/${tenant.aid}/stores`, tenant)).status;

  it("stand nowhere in the database as they are", async () => {
    await createSigningKey(server.db, server.clock, testRootKey());
    const found = await rows();
    expect(found).toHaveLength(2);
    for (const { kid, private_jwk, encrypted_private_jwk } of found) {
      expect(private_jwk).toBeNull();
      const { d } = await decryptPrivateJwk(testRootKey(), kid, String(encrypted_private_jwk));
      expect(d).toMatch(/^[\w-]{43}$/);
      expect(JSON.stringify(found)).not.toContain(d);
    }
  });

  it("are encrypted at start when a server of before has left them as they are, and go on signing", {
    tags: "replicas",
  }, async () => {
    const [first] = await rows();
    const kid = String(first?.kid);
    const plain = await decryptPrivateJwk(testRootKey(), kid, String(first?.encrypted_private_jwk));
    await server.restart(() => undefined);
    // A row as the version before wrote it; the constraint allows either form.
    await server.db.pool.query(
      "update signing_keys set private_jwk = $2, encrypted_private_jwk = null, retired_at = null where kid = $1",
      [kid, JSON.stringify(plain)],
    );
    await server.restart();
    const now = (await rows()).find((row) => row.kid === kid);
    expect(now?.private_jwk).toBeNull();
    expect(await decryptPrivateJwk(testRootKey(), kid, String(now?.encrypted_private_jwk))).toEqual(plain);
    expect(await stores()).toBe(200);
    expect(await server.account()).toMatchObject({ token: expect.any(String) });
  });

  it("do not open in the row of another key, changed, or with another root key", async () => {
    const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
    const jwk: JWK = await exportJWK(privateKey);
    const key = testRootKey();
    const encrypted = await encryptPrivateJwk(key, "this", jwk);
    expect(await decryptPrivateJwk(key, "this", encrypted)).toEqual(jwk);
    await expect(decryptPrivateJwk(key, "that", encrypted)).rejects.toThrow(
      "what is sealed for that is that of another row",
    );
    const other = { ...key, derive: () => key.derive("fingerprint") };
    await expect(decryptPrivateJwk(other, "this", encrypted)).rejects.toThrow("decryption operation failed");
    const [head = "", ...rest] = encrypted.split(".");
    const header = JSON.parse(Buffer.from(head, "base64url").toString());
    const moved = Buffer.from(JSON.stringify({ ...header, kid: "that" })).toString("base64url");
    await expect(decryptPrivateJwk(key, "that", [moved, ...rest].join("."))).rejects.toThrow(
      "decryption operation failed",
    );
  });

  it("are one for servers that open the keys at once", { tags: "replicas" }, async () => {
    await server.db.sql.deleteFrom("signing_keys").execute();
    const key = testRootKey();
    const opened = await Promise.all([1, 2, 3].map(() => openSigningKeys(server.db, server.clock, key)));
    const kids = await Promise.all(opened.map(async (keys) => (await keys.current()).kid));
    expect(new Set(kids).size).toBe(1);
    expect(await rows()).toHaveLength(1);
  });
});
