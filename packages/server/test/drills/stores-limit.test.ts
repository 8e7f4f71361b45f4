import { randomUUID } from "node:crypto";
import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { sql } from "kysely";
import { beforeAll, describe, expect, it } from "vitest";
import { belongings } from "../../src/db/tenants/belonging.ts";
import { tenantRights } from "../../src/db/tenants/rights.ts";
import { inTenant } from "../../src/db/tenants/tenant.ts";
import { bodyOf, type Endpoint, guardedEndpoints, type Ids, urlOf } from "../support/endpoints.ts";
import { type Furnished, furnishStore, marksIn, rowsOf } from "../support/furnished-stores.ts";
import { limitPrincipals } from "../support/limited-callers.ts";

/** D34: a caller who is limited to store A sees nothing of store B of the same account, and changes nothing there. */
describe("a caller who is limited to stores", async () => {
  const limits = limitPrincipals();
  const { server, tenant, aid } = await world({ own: {} });
  let limited: Tenant;
  let a: Furnished;
  let b: Furnished;
  let endpoints: (Endpoint & { query: string[] })[];
  /** Ids of resources that belong to the account and to no store. */
  let account: Ids;

  beforeAll(async () => {
    a = await furnishStore(server, tenant, "alpha");
    b = await furnishStore(server, tenant, "beta");
    const post = async (path: string, body: unknown) =>
      (await server.call("POST", `/v1/accounts/${aid}/${path}`, { ...tenant, body })).body;
    const client = await post("auth/clients", {});
    const grant = await post("auth/client-grants", {
      client_id: client.id,
      audience: `https://api.dintero.com/v1/accounts/${aid}`,
      scope: ["read:accounts"],
      type: "client_credentials",
    });
    const destination = await post("payout-destinations", {});
    account = {
      aid,
      oid: aid,
      account_id: aid,
      client_ref: client.id,
      grant_ref: grant.id,
      user_ref: randomUUID(),
      secret_id: randomUUID(),
      payout_destination_id: destination.payout_destination_id,
      hid: randomUUID(),
      delivery_id: randomUUID(),
      release_id: randomUUID(),
      key_id: "A".repeat(43),
    };
    limited = { ...tenant, token: await limits.tokenFor(server, tenant, [a.storeRef]) };
    const { body } = await server.call("GET", "/openapi.json");
    endpoints = guardedEndpoints(body.paths).map((endpoint) => {
      const operation = body.paths[endpoint.path][endpoint.method.toLowerCase()];
      const parameters: { in: string; name: string }[] = operation.parameters ?? [];
      return { ...endpoint, query: parameters.filter((one) => one.in === "query").map(({ name }) => name) };
    });
  });

  const nobodys = (): Ids => ({
    store_id: "gamma",
    terminal_id: `${aid}-T9999`,
    operation_id: randomUUID(),
    closing_id: randomUUID(),
    log_id: randomUUID(),
    version: "999",
  });

  async function ask(endpoint: Endpoint, ids: Ids, { query = "", of = limited }: { query?: string; of?: Tenant } = {}) {
    const body = bodyOf(endpoint, ids);
    const octets = typeof body === "string" && { headers: { "content-type": "application/octet-stream" } };
    const call = { ...of, ...(body !== undefined && { body }), ...octets };
    const {
      status,
      body: answer,
      headers,
    } = await server.call(endpoint.method, `${urlOf(endpoint, ids)}${query}`, call);
    const shown = Buffer.isBuffer(answer) ? answer.toString() : JSON.stringify(answer);
    return { status, text: `${shown} ${headers.get("link") ?? ""} ${headers.get("etag") ?? ""}` };
  }

  /** Endpoints whose answers are those of a store, in an order in which nothing is deleted before it was looked at. */
  const walk = () => {
    const rank = ({ method, path }: Endpoint) =>
      ["GET", "POST", "PUT", "PATCH", "DELETE"].indexOf(method) + (/reset|clock/.test(path) ? 10 : 0);
    return endpoints.toSorted((one, other) => rank(one) - rank(other));
  };

  /** No query, and one that asks for as much as there is. */
  const queriesOf = ({ method, path, query }: { query: string[] } & Endpoint) => {
    if (query.includes("month")) return [`?month=${b.day.slice(0, 7)}`];
    const most: Record<string, string> = {
      include_deleted: "true",
      includes: path.endsWith("/terminals") ? "store" : "operator_payout_destinations",
      total: "true",
      report: "1",
      limit: "100",
    };
    const asked = query.filter((name) => name in most).map((name) => `${name}=${most[name]}`);
    return method === "GET" && asked.length > 0 ? ["", `?${asked.join("&")}`] : [""];
  };

  it("would be seen by this test if it saw another store: callers without a limit do, in every list", async () => {
    const seen = new Set<string>();
    for (const endpoint of endpoints.filter(({ method, path }) => method === "GET" && !path.endsWith("/content")))
      for (const query of queriesOf(endpoint)) {
        const { text } = await ask(endpoint, { ...account, ...b.ids }, { query, of: tenant });
        if (marksIn(text, b).length > 0) seen.add(endpoint.path.replace("{aid}", "A"));
      }
    expect(seen.size).toBeGreaterThan(30);
    const lists = [
      "stores",
      "terminals",
      "closings",
      "closings/export",
      "presence",
      "events",
      "configurations",
      "audit",
    ];
    for (const list of lists) expect([...seen]).toContain(`/v1/accounts/A/${list}`);
  });

  it("is answered of another store's things what it is answered of things that nobody has", async () => {
    const before = await rowsOf(server.db, aid, b);
    const walked = walk().filter(({ path }) =>
      /\{(store_id|terminal_id|operation_id|closing_id|log_id|version)\}|operations$/.test(path),
    );
    expect(walked.length).toBeGreaterThan(40);
    for (const endpoint of walked) {
      const theirs = await ask(endpoint, { ...account, ...b.ids });
      const missing = await ask(endpoint, { ...account, ...nobodys() });
      expect(theirs, `${endpoint.method} ${endpoint.path}`).toEqual(missing);
      if (endpoint.method !== "GET" || !endpoint.path.endsWith("/operations"))
        expect(theirs.status, endpoint.id).toBeGreaterThanOrEqual(400);
      expect(theirs.status, endpoint.id).toBeLessThan(500);
    }
    expect(await rowsOf(server.db, aid, b)).toEqual(before);
  });

  it("is answered nothing of another store that its own store's path leads to", async () => {
    const mixed = walk().filter(({ path }) => /store_id.*closing_id|terminal_id.*log_id/.test(path));
    expect(mixed.length).toBeGreaterThan(3);
    for (const endpoint of mixed) {
      const ids = { ...account, ...a.ids };
      const theirs = await ask(endpoint, {
        ...ids,
        closing_id: b.ids["closing_id"] ?? "",
        log_id: b.ids["log_id"] ?? "",
      });
      expect(theirs, endpoint.id).toEqual(
        await ask(endpoint, { ...ids, closing_id: randomUUID(), log_id: randomUUID() }),
      );
    }
  });

  it("finds nothing of another store by any filter", async () => {
    const values: Record<string, string[]> = {
      store_id: [b.ids["store_id"] ?? "", b.storeRef],
      terminal_id: [b.ids["terminal_id"] ?? ""],
      operation_id: [b.ids["operation_id"] ?? ""],
      subject: [b.ids["terminal_id"] ?? "", b.ids["operation_id"] ?? "", b.storeRef],
      subject_id: [b.storeRef],
      device_serial_number: b.serials,
      search: ["beta", ...b.serials],
      starting_after: [b.ids["operation_id"] ?? "", b.ids["terminal_id"] ?? "", b.storeRef, b.ids["closing_id"] ?? ""],
    };
    let tried = 0;
    for (const endpoint of endpoints.filter(({ method }) => method === "GET"))
      for (const name of endpoint.query)
        for (const value of values[name] ?? []) {
          const { status, text } = await ask(
            endpoint,
            { ...account, ...a.ids },
            { query: `?${name}=${encodeURIComponent(value)}` },
          );
          tried += 1;
          expect(status, `${endpoint.path}?${name}=${value}`).toBeLessThan(500);
          expect(marksIn(text, b), `${endpoint.path}?${name}=${value}`).toEqual([]);
        }
    expect(tried).toBeGreaterThan(20);
  });

  it("sees nothing of another store in any answer, and changes nothing of it, whatever it asks of its own", async () => {
    const before = await rowsOf(server.db, aid, b);
    const seenOfOwn = new Set<string>();
    const failed: string[] = [];
    // Behind the row of the log there is no file.
    for (const endpoint of walk().filter(({ path }) => !path.endsWith("/content")))
      for (const query of queriesOf(endpoint)) {
        const { status, text } = await ask(endpoint, { ...account, ...a.ids }, { query });
        if (status >= 500) failed.push(`${endpoint.id} ${status}`);
        expect(marksIn(text, b), `${endpoint.method} ${endpoint.path}${query}`).toEqual([]);
        if (status < 300 && marksIn(text, a).length > 0) seenOfOwn.add(endpoint.id);
      }
    expect(failed).toEqual([]);
    expect(await rowsOf(server.db, aid, b)).toEqual(before);
    // Not empty because everything is: its own store is there, in lists and by itself, and it works there.
    expect(seenOfOwn.size).toBeGreaterThan(25);
    // The account's own things are as if they were not there.
    for (const path of ["auth/clients", "audit", "payout-destinations", "hooks/subscriptions", "releases"]) {
      const { status, body } = await server.call("GET", `/v1/accounts/${aid}/${path}`, limited);
      const rows = Array.isArray(body) ? body : Object.values(body).find(Array.isArray);
      expect({ path, status, rows }).toEqual({ path, status: 200, rows: [] });
    }
  });

  it("sees in the database only rows of its stores", async () => {
    const leaks: Record<string, unknown> = {};
    const unfurnished: string[] = [];
    const readable = Object.entries(tenantRights).filter(([, rights]) => "select" in rights);
    for (const [table] of readable as [keyof typeof belongings, unknown][]) {
      const rowsSeen = (stores?: string[]) =>
        inTenant(
          server.db,
          aid,
          async (tx) =>
            (await sql<{ row: string }>`select to_json(one)::text as row from ${sql.table(table)} as one`.execute(tx))
              .rows,
          stores,
        );
      const whole = marksIn(JSON.stringify(await rowsSeen()), b);
      if (!["account", "shared"].includes(belongings[table] as string) && whole.length === 0) unfurnished.push(table);
      const seen = await rowsSeen([a.storeRef]);
      const marks = marksIn(JSON.stringify(seen), b);
      if (marks.length > 0 && belongings[table] !== "shared") leaks[table] = marks;
      if (belongings[table] === "account" && seen.length > 0) leaks[table] = seen.length;
      if (belongings[table] !== "shared" && table !== "configurations") expect(await rowsSeen([]), table).toEqual([]);
    }
    expect(leaks).toEqual({});
    // New events get their places at once, and links need an operator.
    expect(unfurnished).toEqual(["new_events", "operator_destination_stores"]);
  });
});
