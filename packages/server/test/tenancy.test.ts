import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Call, Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { sql } from "kysely";
import { beforeAll, describe, expect, it } from "vitest";
import type { Tables } from "../src/db/tables/schema.ts";
import { tenantRights } from "../src/db/tenants/rights.ts";
import { inTenant } from "../src/db/tenants/tenant.ts";
import { bodyOf, type Endpoint, guardedEndpoints, type Ids, urlOf } from "./support/endpoints.ts";
import { insertStoredLog } from "./support/logs.ts";
import { addRelease, newMaker } from "./support/releases.ts";

describe("tenants", async () => {
  const { server, tenant: owner } = await world({ own: { config: { webhooksMayBePrivate: true } }, aid: "T11000001" });
  let stranger: Tenant;
  let owned: Ids;
  let endpoints: Endpoint[];
  beforeAll(async () => {
    stranger = await server.account();
    owned = await furnish(owner);
    const { body } = await server.call("GET", "/openapi.json");
    endpoints = guardedEndpoints(body.paths);
  });

  async function furnish(of: Tenant): Promise<Ids> {
    const post = async (path: string, body: unknown) => (await server.call("POST", path, { ...of, body })).body;
    const store = await post(`/v1/accounts/${of.aid}/stores`, { store_id: `of-${of.aid}` });
    const serial = `SIMULATED-${of.aid}-001`;
    const terminal = await post(`/v1/accounts/${of.aid}/terminals`, {
      device_serial_number: serial,
      store_id: store.store_id,
    });
    const operation = await post("/v1/admin/terminals/operations", {
      terminal_id: terminal.terminal_id,
      operation: "open_menu",
    });
    const closing = await post(`/v1/accounts/${of.aid}/stores/${store.store_id}/closings`, {});
    const destination = await post(`/v1/accounts/${of.aid}/payout-destinations`, {});
    const client = await post(`/v1/accounts/${of.aid}/auth/clients`, {});
    const user = await post(`/v1/accounts/${of.aid}/users`, {
      email: "a@kiosk.example",
      name: "A",
      role: "operations",
    });
    const grant = await post(`/v1/accounts/${of.aid}/auth/client-grants`, {
      client_id: client.id,
      audience: `https://api.dintero.com/v1/accounts/${of.aid}`,
      scope: ["read:accounts"],
      type: "client_credentials",
    });
    const logId = await insertStoredLog(server, of.aid, terminal.terminal_id);
    const maker = await newMaker(server, of);
    const release = await addRelease(server, of, maker);
    const configuration = await post(`/v1/accounts/${of.aid}/configurations`, { content: { of: of.aid } });
    const hooks = `/v1/accounts/${of.aid}/hooks/subscriptions`;
    const hook = await post(hooks, { config: { url: "http://127.0.0.1:9/" }, events: ["account_store_add"] });
    const deliveries = async () => (await server.call("GET", `${hooks}/${hook.id}/deliveries`, of)).body;
    // The ping is sent at once.
    while ((await deliveries()).length === 0) await sleep(20);
    const [delivery] = await deliveries();
    const { body: shown } = await server.call("GET", `/v1/accounts/${of.aid}/auth/clients/${client.id}`, of);
    return {
      aid: of.aid,
      oid: of.aid,
      account_id: of.aid,
      store_id: store.store_id,
      terminal_id: terminal.terminal_id,
      operation_id: operation.id,
      closing_id: closing.id,
      payout_destination_id: destination.payout_destination_id,
      client_ref: client.id,
      hid: hook.id,
      delivery_id: delivery.id,
      secret_id: shown.secrets[0].id,
      grant_ref: grant.id,
      user_ref: user.id,
      log_id: logId,
      release_id: release.id,
      key_id: maker.keyId,
      version: configuration.version,
    };
  }

  /** Valid ids of resources that do not exist. */
  const nobodys: Ids = {
    aid: "T99999999",
    oid: "T99999999",
    account_id: "T99999999",
    store_id: "of-T99999999",
    terminal_id: "T11000001-T9999",
    operation_id: randomUUID(),
    closing_id: randomUUID(),
    payout_destination_id: "PD-nobodys",
    hid: randomUUID(),
    delivery_id: randomUUID(),
    client_ref: randomUUID(),
    secret_id: randomUUID(),
    grant_ref: randomUUID(),
    user_ref: randomUUID(),
    log_id: randomUUID(),
    release_id: randomUUID(),
    key_id: "A".repeat(43),
    version: "999",
  };

  async function ask(endpoint: Endpoint, ids: Ids, body: unknown, of = stranger): Promise<string> {
    const url = urlOf(endpoint, ids);
    const type = typeof body === "string" && { headers: { "content-type": "application/octet-stream" } };
    const call: Call = { ...of, ...(body !== undefined && { body }), ...type };
    const { status, body: answer } = await server.call(endpoint.method, url, call);
    return JSON.stringify({ status, answer });
  }

  it("see of another account's path exactly what they see of one that does not exist", async () => {
    const walked = endpoints.filter(({ path }) => /\{(aid|oid)\}/.test(path));
    expect(walked.length).toBeGreaterThan(10);
    for (const endpoint of walked) {
      const body = bodyOf(endpoint, owned);
      const foreign = await ask(endpoint, owned, body);
      expect(foreign, endpoint.id).toBe(await ask(endpoint, { ...owned, aid: "T99999999", oid: "T99999999" }, body));
      expect(foreign, endpoint.id).toContain('"status":404');
    }
  });

  it("see of another account's things, named in their own path or body, what they see of things nobody has", async () => {
    const own = { aid: stranger.aid, oid: stranger.aid };
    const walked = endpoints.filter(({ path }) => /\{(?!aid|oid)\w+\}/.test(path) || path.endsWith("/operations"));
    expect(walked.length).toBeGreaterThan(5);
    for (const endpoint of walked) {
      const theirs = { ...owned, ...own };
      const missing = { ...nobodys, ...own };
      const foreign = await ask(endpoint, theirs, bodyOf(endpoint, theirs));
      const unknown = await ask(endpoint, missing, bodyOf(endpoint, missing));
      expect(foreign, endpoint.id).toBe(unknown);
    }
  });

  it("find nothing of another account by any filter", async () => {
    const lists: [string, string][] = [
      [`/v1/accounts/${stranger.aid}/stores?limit=100&search=of-T11000001`, "stores"],
      [`/v1/accounts/${stranger.aid}/terminals?limit=100&terminal_id=${owned["terminal_id"]}`, "terminals"],
      [`/v1/accounts/${stranger.aid}/terminals?limit=100&store_id=${owned["store_id"]}`, "terminals"],
      [`/v1/accounts/${stranger.aid}/closings?limit=100`, "closings"],
      [`/v1/accounts/${stranger.aid}/closings?limit=100&store_id=${owned["store_id"]}`, "closings"],
      [`/v1/accounts/${stranger.aid}/terminals?limit=100&search=T11000001`, "terminals"],
    ];
    for (const [path, key] of lists) {
      const { status, body } = await server.call("GET", path, stranger);
      expect({ path, status, rows: body[key] }).toEqual({ path, status: 200, rows: [] });
    }
    for (const query of [
      `terminal_id=${owned["terminal_id"]}`,
      `operation_id=${owned["operation_id"]}`,
      `store_id=${owned["store_id"]}`,
    ]) {
      expect((await server.call("GET", `/v1/admin/terminals/operations?${query}`, stranger)).body).toEqual([]);
    }
  });

  it("meet a second wall in the database: no row of another account is there, and none can be put there", async () => {
    // All tables that tenants may read; walls.test.ts checks this list against the existing tables.
    const tables = Object.entries(tenantRights).flatMap(([table, { select }]) =>
      select === undefined ? [] : [table as keyof Tables],
    );
    expect(tables.length).toBeGreaterThan(10);
    for (const table of tables) {
      const seen = await inTenant(server.db, stranger.aid, (tx) =>
        sql<{
          account_id: string;
        }>`select account_id from ${sql.table(table)} where account_id <> ${stranger.aid}`.execute(tx),
      );
      expect(seen.rows, table).toEqual([]);
    }
    const intrusion = inTenant(server.db, stranger.aid, (tx) =>
      tx
        .insertInto("release_keys")
        .values({
          account_id: owner.aid,
          key_id: "forged",
          name: "forged",
          public_key: "{}",
          created_at: new Date(),
          created_by: stranger.clientId,
          revoked_at: null,
          revoked_by: null,
        })
        .execute(),
    );
    await expect(intrusion).rejects.toThrow("row-level security");
    const taken = inTenant(server.db, stranger.aid, (tx) =>
      tx.updateTable("stores").set({ account_id: owner.aid }).where("account_id", "=", stranger.aid).execute(),
    );
    await expect(taken).rejects.toThrow("permission denied");
    const { rows: everything } = await server.db.pool.query(
      "select count(*)::int as n from stores where account_id = $1",
      [owner.aid],
    );
    expect(everything[0].n).toBe(1);
  });
});
