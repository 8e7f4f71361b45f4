import { randomUUID } from "node:crypto";
import { activeDevice } from "@tillkeeper/stage/devices/device";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

/** RFC 7240: `Prefer: wait=N` saves a program the loop in which it reads an operation again and again. */
describe("a request that prefers to wait", async () => {
  const { server, tenant } = await world({ own: {} });
  const byToken = "/v1/admin/terminals/operations";
  const bases = [byToken, `/v1/accounts/${tenant.aid}/payments/admin/terminals/operations`];
  const prefer = (value: string, more: Record<string, string> = {}) => ({
    ...tenant,
    headers: { prefer: value, ...more },
  });
  const menu = (terminalId: string, more: object = {}) => ({
    terminal_id: terminalId,
    operation: "open_menu",
    ...more,
  });
  const begin = async (of = tenant) => {
    const device = await activeDevice(server, of);
    const { body } = await server.call("POST", byToken, { ...of, body: menu(device.terminalId, { timeout: 600 }) });
    return { device, id: body.id as string, one: `${byToken}/${body.id}` };
  };
  const applied = ({ headers }: { headers: Headers }) => headers.get("preference-applied");

  it("is answered with the operation at its end, by POST and by GET, at both bases", { tags: "replicas" }, async () => {
    for (const base of bases) {
      const device = await activeDevice(server, tenant);
      const created = server.call("POST", base, { ...prefer("wait=30"), body: menu(device.terminalId) });
      const { operation_id } = await device.next("command");
      const id = operation_id as string;
      const read = server.call("GET", `${base}/${id}`, prefer("respond-async, wait=30"));
      await device.openedMenu(id);
      for (const [answer, status] of [
        [await created, 201],
        [await read, 200],
      ] as const) {
        expect(answer).toMatchObject({ status, body: { id, status: "COMPLETED", result: { opened: true } } });
        expect(applied(answer)).toBe("wait=30");
        expect(answer.headers.get("etag")).toMatch(/^"/);
      }
      await device.leave();
    }
  });

  it("is answered with the operation as it is when the time is over", async () => {
    const { device, one } = await begin();
    for (const seconds of [0, 1]) {
      const answer = await server.call("GET", one, prefer(`wait=${seconds}`));
      expect(answer).toMatchObject({ status: 200, body: { status: "PENDING" } });
      expect(applied(answer)).toBe(`wait=${seconds}`);
    }
    await device.leave();
  });

  it("waits in real time: a clock that moves ends the operation, not the wait", async () => {
    const { device, one } = await begin();
    const waiting = server.call("GET", one, prefer("wait=60"));
    server.clock.advance(601_000);
    expect(await waiting).toMatchObject({ body: { status: "TIMEOUT" } });
    await device.leave();
  });

  it("waits for the operation of a repeated request as well (D15)", { tags: "replicas" }, async () => {
    const device = await activeDevice(server, tenant);
    const key = { "idempotency-key": randomUUID() };
    const body = menu(device.terminalId);
    const first = await server.call("POST", byToken, { ...tenant, headers: key, body });
    const again = server.call("POST", byToken, { ...prefer("wait=30", key), body });
    await device.next("command");
    await device.openedMenu(first.body.id);
    for (const answer of [await again, await server.call("POST", byToken, { ...prefer("wait=30", key), body })]) {
      expect(answer).toMatchObject({ status: 201, body: { id: first.body.id, status: "COMPLETED" } });
      expect(answer.headers.get("idempotent-replayed")).toBe("true");
      expect(applied(answer)).toBe("wait=30");
    }
    await device.leave();
  });

  it("is answered at once without a number of seconds, and when the request is refused", async () => {
    const { device, one } = await begin();
    for (const value of ["wait", "wait=soon", "return=minimal", '"']) {
      const answer = await server.call("GET", one, prefer(value));
      expect(answer).toMatchObject({ status: 200, body: { status: "PENDING" } });
      expect(applied(answer)).toBeNull();
    }
    const refused = await server.call("POST", byToken, { ...prefer("wait=60"), body: menu(device.terminalId) });
    expect(refused.status).toBe(409);
    expect((await server.call("GET", `${byToken}/${randomUUID()}`, prefer("wait=60"))).status).toBe(404);
    await device.leave();
  });

  it("keeps nobody else waiting, however many wait, and all of them hear of the end at once", {
    tags: "replicas",
  }, async () => {
    const { device, id, one } = await begin();
    const gone = new AbortController();
    const wait = (signal?: AbortSignal) =>
      fetch(`${server.url}${one}`, {
        headers: { authorization: `Bearer ${tenant.token}`, prefer: "wait=60" },
        ...(signal && { signal }),
      });
    // Far more than there are connections to the database.
    const waiting = Array.from({ length: 300 }, () => wait());
    const left = Array.from({ length: 100 }, () => wait(gone.signal).catch(() => undefined));
    const others = await Promise.all(Array.from({ length: 20 }, () => server.call("GET", one, tenant)));
    expect(others.every(({ status }) => status === 200)).toBe(true);
    const stuck =
      "select from pg_stat_activity where datname = current_database() and state like 'idle in transaction%' and now() - state_change > '1 s'";
    expect((await server.db.pool.query(stuck)).rowCount).toBe(0);
    gone.abort();
    await Promise.all(left);
    await device.openedMenu(id);
    for (const answer of await Promise.all(waiting)) {
      expect(await answer.json()).toMatchObject({ status: "COMPLETED" });
      expect(applied(answer)).toBe("wait=60");
    }
    await device.leave();
  });

  it("is answered with what is known when the server stops", async () => {
    const { device, one } = await begin();
    const waiting = server.call("GET", one, prefer("wait=60"));
    await server.call("GET", one, tenant);
    await server.restart();
    const answer = await waiting;
    expect(answer).toMatchObject({ status: 200, body: { status: "PENDING" } });
    expect(applied(answer)).toBeNull();
    await device.leave();
  });
});
