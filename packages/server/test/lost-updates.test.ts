// @module-tag replicas: of two servers that change one row, one must see what the other did
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { untilSent } from "./support/single-resources.ts";

/**
 * Two people change one thing: RFC 9110 section 13.1.1. Reports of servers that took no notice of If-Match: HarperFast/harper
 * #1435.
 */
describe("of two changes of what both have read", async () => {
  const { server, tenant, aid } = await world();
  const stores = `/v1/accounts/${aid}/stores`;
  const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    server.call(method, path, { token: tenant.token, body, headers });
  const newStore = async (body: object = {}) => {
    const { headers, body: store } = await send("POST", stores, { store_name: "One", ...body });
    return { store, path: `${stores}/${store.id}`, tag: headers.get("etag") ?? "" };
  };

  it("one is made, and the other is told to read again, however many come at once", async () => {
    const { path, tag } = await newStore();
    const names = Array.from({ length: 12 }, (_, index) => `Name ${index}`);
    const answers = await Promise.all(
      names.map((name) => send("PUT", path, { store_name: name }, { "if-match": tag })),
    );
    const made = answers.filter(({ status }) => status === 200);
    expect(made).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(new Set(refused.map(({ status, body }) => `${status} ${body.error.code}`))).toEqual(
      new Set(["412 precondition_failed"]),
    );
    expect(refused[0]?.body.error.message).toContain("read it again");
    const now = await send("GET", path);
    expect(now.body.store_name).toBe(made[0]?.body.store_name);
    expect(now.headers.get("etag")).toBe(made[0]?.headers.get("etag"));
  });

  it("one is made: grants, clients, terminals, configurations of a store", async () => {
    const { store, path, tag: ofStore } = await newStore();
    const other = await newStore();
    const client = await send("POST", `/v1/accounts/${aid}/auth/clients`, {});
    const grant = await send("POST", `/v1/accounts/${aid}/auth/client-grants`, {
      client_id: client.body.id,
      audience: `https://api.dintero.com/v1/accounts/${aid}`,
      scope: ["read:accounts"],
    });
    const terminal = await send("POST", `/v1/accounts/${aid}/terminals`, {
      device_serial_number: `W${Date.now()}`,
      store_id: store.store_id,
    });
    const configuration = await send("GET", `${path}/configuration`);
    const changes = [
      ["PUT", `/v1/accounts/${aid}/auth/clients/${client.body.id}`, client, { name: "1" }, { name: "2" }],
      [
        "PATCH",
        `/v1/accounts/${aid}/auth/client-grants/${grant.body.id}`,
        grant,
        { scope: ["admin:accounts"] },
        { scope: ["read:accounts", "write:accounts"] },
      ],
      [
        "PUT",
        `/v1/accounts/${aid}/terminals/${terminal.body.terminal_id}`,
        terminal,
        { store_id: other.store.id },
        { device_model: "SATURN1000" },
      ],
      ["PATCH", `${path}/configuration`, configuration, { time_zone: "Europe/Oslo" }, { time_zone: "Asia/Tokyo" }],
    ] as const;
    for (const [method, url, { headers }, ...bodies] of changes) {
      const tag = headers.get("etag") ?? "";
      const answers = await Promise.all(bodies.map((body) => send(method, url, body, { "if-match": tag })));
      expect(
        answers.map(({ status }) => status).toSorted((a, b) => a - b),
        url,
      ).toEqual([200, 412]);
    }
    // The configuration is a resource of its own.
    expect((await send("PUT", path, { store_name: "Two" }, { "if-match": ofStore })).status).toBe(200);
  });

  it("a terminal that another store gets meanwhile is found: the change that waited for it reads it anew", async () => {
    const { store } = await newStore();
    const other = await newStore();
    const terminal = await send("POST", `/v1/accounts/${aid}/terminals`, {
      device_serial_number: `W${Date.now()}-moved`,
      store_id: store.store_id,
    });
    const path = `/v1/accounts/${aid}/terminals/${terminal.body.terminal_id}`;
    const bodies = Array.from({ length: 12 }, (_, index) =>
      index % 3 === 0
        ? { store_id: (index % 2 === 0 ? other : { store }).store.store_id }
        : { device_model: `SATURN${index}000` },
    );
    const answers = await Promise.all(bodies.map((body) => send("PUT", path, body)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const activations = `/v1/admin/terminals/${terminal.body.terminal_id}/activations`;
    const [moved, begun] = await Promise.all([
      send("PUT", path, { store_id: store.store_id }),
      send("POST", activations),
    ]);
    expect([moved.status, [201, 409].includes(begun.status)]).toEqual([200, true]);
  });

  it("the later one can go on with the tag of its own answer, change after change", async () => {
    const { path, tag } = await newStore();
    let last = tag;
    for (const name of ["a", "b", "a"]) {
      const answer = await send("PUT", path, { store_name: name }, { "if-match": last });
      expect(answer.status).toBe(200);
      last = answer.headers.get("etag") ?? "";
    }
    expect((await send("DELETE", path, undefined, { "if-match": tag })).status).toBe(412);
    expect((await send("DELETE", path, undefined, { "if-match": last })).status).toBe(200);
    expect((await send("DELETE", path, undefined, { "if-match": last })).status).toBe(404);
  });

  it("none is disturbed by what goes on beside it: terminals of a store come and pair", async () => {
    const { path, store, tag } = await newStore();
    await send("POST", `/v1/accounts/${aid}/terminals`, {
      device_serial_number: `W${Date.now()}`,
      store_id: store.store_id,
    });
    const now = (await send("GET", path)).headers.get("etag") ?? "";
    expect(now).not.toBe(tag);
    expect((await send("GET", path, undefined, { "if-none-match": tag })).status).toBe(200);
    const included = await send("GET", `${path}?includes=operator_payout_destinations`);
    expect(included.headers.get("etag")).not.toBe(now);
    const other = included.headers.get("etag") ?? "";
    expect((await send("POST", `${path}/suspend`, undefined, { "if-match": other })).status).toBe(200);
    expect((await send("PUT", path, { store_name: "Two" }, { "if-match": tag })).status).toBe(412);
  });

  it("a PUT with If-None-Match: * replaces nothing, and makes nothing where nothing is", async () => {
    const { path } = await newStore();
    expect((await send("PUT", path, { store_name: "Two" }, { "if-none-match": "*" })).status).toBe(412);
    expect((await send("GET", path)).body.store_name).toBe("One");
    expect((await send("PUT", `${stores}/nobodys`, {}, { "if-none-match": "*" })).status).toBe(404);
  });

  it("an operation that has moved is not cancelled by who has not seen it", async () => {
    const { store } = await newStore();
    const terminal = await send("POST", `/v1/accounts/${aid}/terminals`, {
      device_serial_number: `SIMULATED-${aid}-001`,
      store_id: store.store_id,
    });
    const operations = "/v1/admin/terminals/operations";
    const { body } = await send("POST", operations, {
      terminal_id: terminal.body.terminal_id,
      operation: "open_menu",
      timeout: 600,
    });
    await untilSent(server, tenant, body.id);
    const tag = (await send("GET", `${operations}/${body.id}`)).headers.get("etag") ?? "";
    const cancel = `${operations}/${body.id}/cancel`;
    const answers = await Promise.all([1, 2, 3].map(() => send("POST", cancel, undefined, { "if-match": tag })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412, 412]);
    expect((await send("POST", cancel)).status).toBe(200);
  });
});
