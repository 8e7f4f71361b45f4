// @module-tag replicas: each server caches keys.

import { basic } from "@tillkeeper/stage/accounts/tokens";
import { testRootKey } from "@tillkeeper/stage/postgres/database";
import type { TestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { createSigningKey, retireSigningKeys } from "../src/access/auth/keys/key-rotation.ts";

const aid = "T12345678";
const lifetimeSeconds = 14_400;

describe("rotating the signing key, on two servers with one database", async () => {
  const { server: here, other: there, tenant } = await world({ own: {}, other: {}, aid });

  const pass = (seconds: number) => {
    for (const server of [here, there]) server.clock.advance(seconds * 1000);
  };
  const getToken = async (server: TestServer): Promise<string> => {
    const { body } = await server.call("POST", `/v1/accounts/${aid}/auth/token`, {
      headers: { authorization: basic(tenant.clientId, tenant.secret) },
      body: { grant_type: "client_credentials", audience: `https://api.dintero.com/v1/accounts/${aid}` },
    });
    return body.access_token;
  };
  const use = async (token: string) =>
    Promise.all(
      [here, there].map(async (server) => (await server.call("GET", `/v1/accounts/${aid}/stores`, { token })).status),
    );
  const keyOf = (token: string) => decodeProtectedHeader(token).kid;
  const published = async (server: TestServer) =>
    (await server.call("GET", "/.well-known/jwks.json")).body.keys.map((key: { kid: string }) => key.kid);
  const retire = () => retireSigningKeys({ db: here.db, clock: here.clock, lifetimeSeconds });

  it("logs nobody out, publishes before it signs, and retires when the last token has expired", async () => {
    const [old] = await published(here);
    const early = await getToken(here);
    const added = await createSigningKey(here.db, here.clock, testRootKey());

    // For a while the new key is only published: other servers need not have read it yet.
    pass(6);
    expect(await published(there)).toEqual([added, old]);
    const meanwhile = await getToken(there);
    expect([keyOf(early), keyOf(meanwhile)]).toEqual([old, old]);

    // Other programs may cache the keys for a minute, so their copy must hold the new key by now.
    const kept = createLocalJWKSet((await here.call("GET", "/.well-known/jwks.json")).body);
    pass(70);
    const late = await getToken(here);
    expect(keyOf(late)).toBe(added);
    await jwtVerify(late, kept, { currentDate: here.clock.now() });
    for (const token of [early, meanwhile, late]) expect(await use(token)).toEqual([200, 200]);

    // No token of the old key is lost by its retirement.
    pass(lifetimeSeconds - 120);
    await retire();
    pass(10);
    expect(await use(meanwhile)).toEqual([200, 200]);
    pass(300);
    await retire();
    pass(10);
    expect(await published(there)).toEqual([added]);
    expect(await use(await getToken(there))).toEqual([200, 200]);
    await retire();
    expect(await published(here)).toEqual([added]);
  });

  it("is watched by a worker of every server", async () => {
    const { body } = await here.call("GET", "/health/ready");
    expect(JSON.stringify(body)).toContain("auth.retire_keys");
  });
});
