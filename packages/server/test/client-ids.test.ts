import { randomUUID } from "node:crypto";
import { basic } from "@tillkeeper/stage/accounts/tokens";
import { startTestServer, type Tenant } from "@tillkeeper/stage/servers/test-server";
import { ownServer } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

const operator = "P113";
const [one, two] = ["P81000001", "P81000002"];
const audienceOf = (account: string) => `https://api.dintero.com/v1/accounts/${account}`;

/** Clients with one client id in several accounts are different clients, everywhere. */
describe("client ids, each in its account", async () => {
  const server = await ownServer();
  const tenants = [
    await server.account(one, { clientId: "office" }),
    await server.account(two, { clientId: "office" }),
    await server.account(operator, { clientId: "office" }),
  ];
  await server.db.sql
    .updateTable("accounts")
    .set({ operator_account_id: operator })
    .where("account_id", "in", [one, two])
    .execute();

  const at = (tenant: Tenant | undefined, path: string) => `/v1/accounts/${tenant?.aid}/${path}`;

  it("have secrets and tokens of their own", async () => {
    for (const tenant of tenants) {
      const others = tenants.filter(({ aid }) => aid !== tenant.aid);
      for (const other of others) {
        expect((await server.call("GET", at(other, "stores"), { token: tenant.token })).status).toBe(404);
      }
    }
    const { body } = await server.call("GET", at(tenants[0], "auth/clients?search=office"), tenants[0]);
    const more = await server.call("POST", at(tenants[0], `auth/clients/${body.clients[0].id}/secrets`), tenants[0]);
    const ask = (tenant: Tenant | undefined) =>
      server.call("POST", at(tenant, "auth/token"), {
        headers: { authorization: basic("office", more.body.client_secret) },
        body: { grant_type: "client_credentials", audience: audienceOf(tenant?.aid ?? "") },
      });
    expect((await ask(tenants[0])).status).toBe(200);
    for (const other of tenants.slice(1)) expect((await ask(other)).status).toBe(401);
  });

  it("have idempotency keys of their own", async () => {
    const key = randomUUID();
    const ids = [];
    for (const tenant of tenants.slice(0, 2)) {
      await server.call("POST", at(tenant, "stores"), { ...tenant, body: { store_id: "S1" } });
      const body = { device_serial_number: `KEYS-${tenant.aid}`, store_id: "S1" };
      const terminal = (await server.call("POST", at(tenant, "terminals"), { ...tenant, body })).body;
      await server.db.sql
        .updateTable("terminals")
        .set({ status: "ACTIVE", status_reason: null })
        .where("terminal_id", "=", terminal.terminal_id)
        .execute();
      const answer = await server.call("POST", "/v1/admin/terminals/operations", {
        ...tenant,
        headers: { "idempotency-key": key },
        body: { terminal_id: terminal.terminal_id, operation: "open_menu" },
      });
      expect(answer.status).toBe(201);
      expect(answer.headers.get("idempotent-replayed")).toBeNull();
      ids.push(answer.body.id);
    }
    expect(new Set(ids).size).toBe(2);
  });

  it("do not make an operator of a merchant's client that is called like one of the operator's", async () => {
    const [tenant] = tenants;
    const { body: destination } = await server.call("POST", at(tenant, "payout-destinations"), { ...tenant, body: {} });
    const path = at(tenant, `payout-destinations/${destination.payout_destination_id}/case-status`);
    const body = { case_status: "UNDER_MANUAL_REVIEW" };
    expect(await server.call("PUT", path, { ...tenant, body })).toMatchObject({
      status: 403,
      body: { error: { code: "operator_only" } },
    });
  });
});

it("a client spends no other account's turns by being called like a client of it", async () => {
  const server = await startTestServer({ config: { rateLimit: { perClient: 1, perAddress: 100 } } });
  try {
    const [loud, quiet] = [
      await server.account(one, { clientId: "office" }),
      await server.account(two, { clientId: "office" }),
    ];
    const ask = async ({ aid, token }: Tenant) =>
      (await server.call("GET", `/v1/accounts/${aid}/stores`, { token })).status;
    const flood = () => Promise.all(Array.from({ length: 20 }, () => ask(loud)));
    while (!(await flood()).includes(429));
    expect(await ask(quiet)).toBe(200);
  } finally {
    await server.stop();
  }
});
