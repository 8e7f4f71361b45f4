import { generateKeyPairSync } from "node:crypto";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

describe("release keys", async () => {
  const { server, tenant } = await world();
  const keys = () => `/v1/accounts/${tenant.aid}/release-keys`;

  const add = (public_key: unknown, name = "Releases") =>
    server.call("POST", keys(), { ...tenant, body: { name, public_key } });

  it("are registered once, named by their thumbprint, and revoked for good", async () => {
    // The example of RFC 8037, appendix A.3.
    const public_key = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
    const key = await add(public_key, "Key of the RFC");
    expect(key).toMatchObject({
      status: 201,
      body: { key_id: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", name: "Key of the RFC", public_key },
    });
    expect(await add(public_key)).toMatchObject({ status: 409, body: { error: { code: "release_key_exists" } } });
    const path = `${keys()}/${key.body.key_id}`;
    const revoked = await server.call("DELETE", path, tenant);
    expect(revoked).toMatchObject({ status: 200, body: { revoked_at: expect.any(String) } });
    expect((await server.call("DELETE", path, tenant)).body).toEqual(revoked.body);
    expect((await add(public_key)).status).toBe(409);
    const { body } = await server.call("GET", keys(), tenant);
    expect(body.release_keys).toContainEqual(revoked.body);
    expect((await server.call("DELETE", `${keys()}/${"A".repeat(43)}`, tenant)).status).toBe(404);
  });

  it("are refused in any other form, private ones above all", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const { d } = privateKey.export({ format: "jwk" });
    const good = publicKey.export({ format: "jwk" });
    const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
    for (const bad of [
      { ...good, d },
      { ...good, crv: "Ed448" },
      { ...good, kty: "EC" },
      { ...good, x: "short" },
      { ...good, x: `${"A".repeat(42)}B` },
      { ...good, x: 7 },
      // Points for which a signature needs no private key: all zeros, and the neutral point.
      { ...good, x: "A".repeat(43) },
      { ...good, x: `AQ${"A".repeat(41)}` },
      p256,
      "a key",
      null,
      {},
    ]) {
      const answer = await add(bad);
      expect(answer, JSON.stringify(bad)).toMatchObject({
        status: 400,
        body: { error: { code: "invalid_request" } },
      });
      expect(JSON.stringify(answer.body)).not.toContain(d);
    }
  });
});
