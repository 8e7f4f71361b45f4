// @module-tag replicas: that the other tests really reach three servers.

import { send } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

/** Shows that the other tests really reach all three servers, and not just one. */
describe("three servers behind a balancer", async () => {
  const { server, tenant } = await world({ own: {} });

  it("are three, and see at once what one of them has stored", async () => {
    expect(server.urls).toHaveLength(3);
    for (const [index, url] of server.urls.entries()) {
      const path = `/v1/accounts/${tenant.aid}/stores`;
      const made = await send(url, "POST", path, { token: tenant.token, body: { store_id: `S${index}` } });
      expect(made.status).toBe(201);
      for (const other of server.urls) {
        const seen = await send<{ stores: object[] }>(other, "GET", path, { token: tenant.token });
        expect(seen.body.stores).toHaveLength(index + 1);
      }
    }
  });

  it("have agreed on one key to sign with, although they started together", async () => {
    for (const url of server.urls) {
      const { body } = await send<{ keys: object[] }>(url, "GET", "/.well-known/jwks.json");
      expect(body.keys).toHaveLength(1);
    }
  });

  it("each get a third of what the tests ask", async () => {
    const before = server.carried();
    for (let count = 0; count < 30; count += 1) expect((await server.call("GET", "/health/live")).status).toBe(200);
    expect(server.carried().map((after, index) => after - (before[index] ?? 0))).toEqual([10, 10, 10]);
  });

  it("have the time of the tests", async () => {
    server.clock.advance(14_400_000 + 1_000);
    for (let count = 0; count < 3; count += 1) {
      const answer = await server.call("GET", `/v1/accounts/${tenant.aid}/stores`, tenant);
      expect(answer).toMatchObject({ status: 401, body: { error: { code: "invalid_token" } } });
    }
  });
});
