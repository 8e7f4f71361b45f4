// @module-tag replicas: each server caches keys.

import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSigningKey, retireSigningKeys } from "../src/auth/key-rotation.ts";
import { testRootKey } from "./support/database.ts";
import { basic, startTestServer, type Tenant, type TestServer } from "./support/test-server.ts";

const aid = "T12345678";
const lifetimeSeconds = 14_400;

describe("rotating the signing key, on two servers with one database", () => {
  let here: TestServer;
  let there: TestServer;
  let tenant: Tenant;
  beforeAll(async () => {
    here = await startTestServer();
    there = await startTestServer({ database: here.database });
    tenant = await here.account(aid);
  });
  afterAll(async () => {
    await there.stop();
    await here.stop();
  });

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

    // For a while the new key is only shown: nobody has to know it yet.
    pass(6);
    expect(await published(there)).toEqual([added, old]);
    const meanwhile = await getToken(there);
    expect([keyOf(early), keyOf(meanwhile)]).toEqual([old, old]);

    // A minute is what a checker may keep our keys: what it then holds, holds the new one.
    const kept = createLocalJWKSet((await here.call("GET", "/.well-known/jwks.json")).body);
    pass(70);
    const late = await getToken(here);
    expect(keyOf(late)).toBe(added);
    await jwtVerify(late, kept, { currentDate: here.clock.now() });
    for (const token of [early, meanwhile, late]) expect(await use(token)).toEqual([200, 200]);

    // Not one of the old key's tokens is lost to retirement.
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
