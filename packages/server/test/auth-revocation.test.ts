// @module-tag replicas: each server caches who was revoked.

import { basic } from "@tillkeeper/stage/accounts/tokens";
import type { TestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it, vi } from "vitest";

const aid = "T12345678";
const audience = `https://api.dintero.com/v1/accounts/${aid}`;
const clients = `/v1/accounts/${aid}/auth/clients`;
const grants = `/v1/accounts/${aid}/auth/client-grants`;

describe("what was taken away, on two servers with one database", async () => {
  const { server: here, other: there, tenant } = await world({ own: {}, other: {}, aid });

  const send = (method: string, path: string, body?: unknown) => here.call(method, path, { token: tenant.token, body });
  const use = async (token: string) =>
    Promise.all(
      [here, there].map(async (server) => (await server.call("GET", `/v1/accounts/${aid}/stores`, { token })).status),
    );
  const getToken = async (client: { client_id: string; client_secret: string }): Promise<string> => {
    const { body } = await here.call("POST", `/v1/accounts/${aid}/auth/token`, {
      headers: { authorization: basic(client.client_id, client.client_secret) },
      body: { grant_type: "client_credentials", audience },
    });
    return body.access_token;
  };
  const workingClient = async (scope = ["read:accounts", "write:accounts"]) => {
    const client = (await send("POST", clients, {})).body;
    const grant = (await send("POST", grants, { client_id: client.id, audience, scope })).body;
    const token = await getToken(client);
    // Both servers have verified the token and cached it.
    expect(await use(token)).toEqual([200, 200]);
    return { client, grant, token };
  };
  const fiveSecondsPass = () => {
    for (const server of [here, there]) server.clock.advance(5_000);
  };

  it("a deleted client's tokens stop working everywhere within 5 s", async () => {
    const { client, token } = await workingClient();
    const bystander = await workingClient();
    await send("DELETE", `${clients}/${client.id}`);
    fiveSecondsPass();
    expect(await use(token)).toEqual([401, 401]);
    expect(await use(bystander.token)).toEqual([200, 200]);
    expect(await there.call("GET", `/v1/accounts/${aid}/stores`, { token })).toMatchObject({
      body: { error: { code: "invalid_token" } },
    });
  });

  it("a removed grant's tokens stop working, also after the client was given a new one", async () => {
    const { client, grant, token } = await workingClient();
    await send("DELETE", `${grants}/${grant.id}`);
    await send("POST", grants, { client_id: client.id, audience, scope: ["read:accounts"] });
    const renewed = await getToken(client);
    fiveSecondsPass();
    expect(await use(token)).toEqual([401, 401]);
    expect(await use(renewed)).toEqual([200, 200]);
  });

  it("a token loses the scopes that its grant loses, and gains none", async () => {
    const { client, grant, token } = await workingClient(["read:accounts", "write:accounts"]);
    const write = () =>
      Promise.all(
        [here, there].map(async (server, number) => {
          const body = { store_id: `${client.id.slice(0, 8)}${Math.random().toString(36).slice(2, 8)}-${number}` };
          return (await server.call("POST", `/v1/accounts/${aid}/stores`, { token, body })).status;
        }),
      );
    expect(await write()).toEqual([201, 201]);
    await send("PATCH", `${grants}/${grant.id}`, { scope: ["read:accounts", "admin:checkout"] });
    fiveSecondsPass();
    expect(await write()).toEqual([403, 403]);
    expect(await use(token)).toEqual([200, 200]);
    const operations = await here.call("GET", "/v1/admin/terminals/operations", { token });
    expect(operations.status).toBe(403);
  });

  it("holds on a server that starts later, with a clock of real time as well", async () => {
    const { client, token } = await workingClient();
    await send("DELETE", `${clients}/${client.id}`);
    await there.restart();
    expect((await there.call("GET", `/v1/accounts/${aid}/stores`, { token })).status).toBe(401);
    await vi.waitUntil(async () => (await here.call("GET", `/v1/accounts/${aid}/stores`, { token })).status === 401);
  });

  it("costs no query per request", async () => {
    const { token } = await workingClient();
    const before = await queriesOf(here);
    for (let count = 0; count < 100; count += 1) await use(token);
    // Each server reads the list at intervals, however many requests there are.
    expect((await queriesOf(here)) - before).toBeLessThan(50);
  });
});

/** How often the list of narrowed grants was read, by the database's count of scans. */
async function queriesOf(server: TestServer): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  const { rows } = await server.db.pool.query(
    "select idx_scan + seq_scan as scans from pg_stat_user_tables where relname = 'client_grants'",
  );
  return Number(rows[0].scans);
}
