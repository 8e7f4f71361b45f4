import { send, type Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { inTenant } from "../src/db/tenants/tenant.ts";
import type { OpenSandbox } from "../src/sandbox/sandbox.ts";
import { EventReader } from "./support/event-reader.ts";
import { limitPrincipals } from "./support/limited-callers.ts";
import { startSandbox } from "./support/sandbox.ts";

/** What a walk over all endpoints does not meet: streams, terminals that move, callers at the same time, writes. */
describe("callers who are limited to stores", async () => {
  const limits = limitPrincipals();
  const { server, tenant, aid } = await world({ own: {} });
  const url = `/v1/accounts/${aid}`;
  const operations = "/v1/admin/terminals/operations";
  const stores: Record<"a" | "b", { id: string; store_id: string }> = {} as never;
  let ofA: Tenant;
  let ofB: Tenant;
  let ofNone: Tenant;
  let number = 0;
  const readers: EventReader[] = [];
  afterEach(() => {
    for (const reader of readers.splice(0)) reader.cut();
  });

  const post = async (path: string, body: unknown, of = tenant) => {
    const { status, body: made } = await server.call("POST", path, { ...of, body });
    if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(made)}`);
    return made;
  };
  /** A terminal, and the operations that it gets. */
  const terminalIn = async (storeId: string): Promise<string> => {
    number += 1;
    const serial = `SIMULATED-${aid}-${String(number).padStart(3, "0")}`;
    return (await post(`${url}/terminals`, { device_serial_number: serial, store_id: storeId })).terminal_id;
  };
  const operate = async (terminalId: string): Promise<string> => {
    const { id } = await post(operations, { terminal_id: terminalId, operation: "open_menu" });
    await post(`${operations}/${id}/cancel`, undefined);
    return id;
  };
  const move = (terminalId: string, storeId: string, of = tenant) =>
    server.call("PUT", `${url}/terminals/${terminalId}`, { ...of, body: { store_id: storeId } });
  const seen = async (path: string, of: Tenant) => (await server.call("GET", path, of)).status;
  const follow = async (of: Tenant, query = "", lastEventId?: string) => {
    const reader = await EventReader.open({ url: `${server.url}${url}/events${query}`, token: of.token, lastEventId });
    readers.push(reader);
    return reader;
  };

  beforeAll(async () => {
    for (const name of ["a", "b"] as const) stores[name] = await post(`${url}/stores`, { store_id: name });
    const limitedTo = async (...ids: string[]) => ({ ...tenant, token: await limits.tokenFor(server, tenant, ids) });
    ofA = await limitedTo(stores.a.id);
    ofB = await limitedTo(stores.b.id);
    ofNone = await limitedTo();
  });

  it("hear in a stream of their stores only, also those whose stream begins at what they do not see", async () => {
    const all = await follow(tenant);
    const [streamOfA, streamOfB, streamOfNone] = [await follow(ofA), await follow(ofB), await follow(ofNone)];
    const inA = await terminalIn("a");
    const inB = await terminalIn("b");
    const ids = [await operate(inA), await operate(inB), await operate(inA)];
    await all.until(({ events }) => events.filter(({ subject }) => subject === ids[2]).length === 2);
    await streamOfA.until(({ events }) => events.filter(({ subject }) => subject === ids[2]).length === 2);
    await streamOfB.until(({ events }) => events.filter(({ subject }) => subject === ids[1]).length === 2);
    const shops = ({ events }: EventReader) => [...new Set(events.map(({ store_id: id }) => id))];
    expect(new Set(shops(all))).toEqual(new Set([stores.a.id, stores.b.id]));
    expect([shops(streamOfA), shops(streamOfB), shops(streamOfNone)]).toEqual([[stores.a.id], [stores.b.id], []]);
    // What the tail told and what the table tells are the same.
    const again = await follow(ofA, "?starting_after=0");
    await again.until(({ events }) => events.at(-1)?.id === streamOfA.events.at(-1)?.id);
    const recent = await follow(ofA, "?starting_after=recent");
    await recent.until(({ events }) => events.at(-1)?.id === streamOfA.events.at(-1)?.id);
    expect([shops(again), shops(recent)]).toEqual([[stores.a.id], [stores.a.id]]);
    for (const { id } of all.events) {
      const { status, body } = await server.call("GET", `${url}/events?starting_after=${id}`, ofA);
      expect(status, `behind ${id}`).toBe(200);
      const behind = streamOfA.events.filter((event) => Number(event.id.split("-")[1]) > Number(id.split("-")[1]));
      expect(body.events.map((event: { id: string }) => event.id)).toEqual(behind.map((event) => event.id));
    }
  });

  it("lose a stream when they are limited to other stores", async () => {
    const token = await limits.tokenFor(server, tenant, [stores.a.id]);
    const reader = await follow({ ...tenant, token });
    await reader.until(({ lastEventId }) => lastEventId !== undefined);
    limits.change(token, [stores.b.id]);
    await vi.waitFor(() => expect(reader.ended).toBe(true), { timeout: 20_000 });
  });

  it("see what a terminal did while it was in their store, and not what it did elsewhere", async () => {
    const terminal = await terminalIn("a");
    const here = await operate(terminal);
    expect((await move(terminal, "b")).status).toBe(200);
    const there = await operate(terminal);
    expect([await seen(`${operations}/${here}`, ofA), await seen(`${operations}/${there}`, ofA)]).toEqual([200, 404]);
    expect([await seen(`${operations}/${here}`, ofB), await seen(`${operations}/${there}`, ofB)]).toEqual([404, 200]);
    expect([await seen(`${url}/terminals/${terminal}`, ofA), await seen(`${url}/terminals/${terminal}`, ofB)]).toEqual([
      404, 200,
    ]);
    const { body: listed } = await server.call("GET", `${operations}?terminal_id=${terminal}`, ofB);
    expect(listed.map(({ id }: { id: string }) => id)).toEqual([there]);
    // Rows from before operations named their store belong to the store where the terminal is.
    await server.db.sql
      .updateTable("operations")
      .set({ store_ref: null } as never)
      .where("id", "=", here)
      .execute();
    expect([await seen(`${operations}/${here}`, ofA), await seen(`${operations}/${here}`, ofB)]).toEqual([404, 200]);
  });

  it("do not share a limit with requests that come at the same time", async () => {
    const named = async (of: Tenant) =>
      (await server.call("GET", `${url}/stores`, of)).body.stores.map((store: { store_id: string }) => store.store_id);
    const callers = [tenant, ofA, ofB, ofNone];
    const expected = [["b", "a"], ["a"], ["b"], []];
    const asked = Array.from({ length: 80 }, (_, index) => index % 4);
    const found = await Promise.all(asked.map((index) => named(callers[index] as Tenant)));
    expect(found).toEqual(asked.map((index) => expected[index]));
    // Closings of one account that are asked for at once share a transaction, and each its own limit.
    await terminalIn("a");
    await terminalIn("b");
    const close = async (storeId: string, of: Tenant) =>
      (await server.call("POST", `${url}/stores/${storeId}/closings`, { ...of, body: {} })).status;
    const closed = await Promise.all([
      close("a", ofB),
      close("a", ofA),
      close("b", ofA),
      close("b", ofNone),
      close("b", ofB),
    ]);
    expect(closed).toEqual([404, 201, 404, 404, 201]);
  });

  it("write nothing outside of their stores", async () => {
    const inA = await terminalIn("a");
    const inB = await terminalIn("b");
    const answerOf = async (answer: Promise<{ status: number; body: { error: object } }>) => {
      const { status, body } = await answer;
      return { status, error: body.error };
    };
    const create = (terminal_id: string, more: object = {}) =>
      answerOf(server.call("POST", operations, { ...ofA, body: { terminal_id, operation: "open_menu" }, ...more }));
    expect(await create(inB)).toEqual(await create(`${aid}-T9999`));
    expect((await create(inB, { headers: { prefer: "wait=1" } })).status).toBe(404);
    expect(await answerOf(move(inA, "b", ofA))).toEqual(await answerOf(move(inA, "nowhere", ofA)));
    const made = await server.call("POST", `${url}/stores`, { ...ofA, body: { store_id: "c" } });
    expect([made.status, made.body.error.code]).toEqual([403, "insufficient_scope"]);
    expect(await seen(`${url}/stores/c`, tenant)).toBe(404);
    const forged = { account_id: aid, terminal_id: inB, probe_id: crypto.randomUUID(), created_at: new Date() };
    const insert = (limit: string[]) =>
      inTenant(
        server.db,
        aid,
        (tx) =>
          tx
            .insertInto("terminal_probes")
            .values({ ...forged, sent_at: null, answered_at: null })
            .execute(),
        limit,
      );
    await expect(insert([stores.a.id])).rejects.toThrow("limited to some stores");
    expect(() => insert(["x'; set role none; --"])).toThrow("not the id of a store");
    await insert([stores.b.id]);
  });
});

/** Time and a reset concern all stores of an account. */
it("a sandbox's clock and reset are out of the reach of callers who are limited to stores", async () => {
  const limits = limitPrincipals();
  const running = await startSandbox();
  try {
    const { account_id: aid, client_id: clientId, client_secret: secret } = running.sandbox as OpenSandbox;
    const at = { url: running.httpUrl };
    const whole = { aid, clientId, secret, token: await limits.tokenFor(at, { aid, clientId, secret }, undefined) };
    const { body: shown } = await send<{ stores: { id: string }[] }>(
      at.url,
      "GET",
      `/v1/accounts/${aid}/stores`,
      whole,
    );
    const token = await limits.tokenFor(at, whole, [shown.stores[0]?.id ?? ""]);
    const statusOf = async (method: string, path: string, body: unknown, of: string) =>
      (await send(at.url, method, path, { token: of, body })).status;
    expect(await statusOf("PUT", "/v1/sandbox/clock", { advance: "PT1H" }, token)).toBe(403);
    expect(await statusOf("POST", "/v1/sandbox/reset", undefined, token)).toBe(403);
    expect(await statusOf("PUT", "/v1/sandbox/clock", { advance: "PT1H" }, whole.token)).toBe(200);
  } finally {
    await running.stop();
  }
});
