import { randomUUID } from "node:crypto";
import { activeDevice, type Device } from "@tillkeeper/stage/devices/device";
import { beginHeld } from "@tillkeeper/stage/postgres/held";
import { world } from "@tillkeeper/stage/world";
import { CompiledQuery } from "kysely";
import type pg from "pg";
import { describe, expect, it, vi } from "vitest";
import { takeAnswersInOrder } from "../src/operations/reports/answers.ts";
import { type Finish, toFinish } from "../src/operations/reports/results.ts";
import { noteProgress } from "../src/operations/sql/progress.ts";
import { type Answered, takeAnswers } from "../src/operations/sql/take-answers.ts";

const waitsForLock = "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
const base = "/v1/admin/terminals/operations";

/** Operations that share a batch or a table must not affect each other. */
describe("operations that meet", async () => {
  const { server, tenant } = await world({ own: {} });
  const freshDevice = (of = tenant) => activeDevice(server, of);
  const get = async (id: string) => (await server.call("GET", `${base}/${id}`, tenant)).body;
  const send = async (device: Device, more: object = {}) => {
    const body = { terminal_id: device.terminalId, operation: "open_menu", timeout: 600, ...more };
    return server.call("POST", base, { ...tenant, body });
  };

  it("in one batch: what another terminal, of whatever account, says of an operation changes nothing", {
    tags: "replicas",
  }, async () => {
    const at = server.clock.now();
    for (const forgedFirst of [true, false]) {
      const device = await freshDevice();
      const { body } = await send(device);
      const finish = (accountId: string, terminalId: string, status: Finish["status"]): Finish => ({
        accountId,
        terminalId,
        address: terminalId === device.terminalId ? device.address : `${terminalId}-D1`,
        entry: null,
        id: body.id,
        operation: "open_menu",
        status,
        result: status === "COMPLETED" ? { opened: true } : null,
        reason: status === "FAILED" ? "refused" : null,
        error: null,
        unknownEnd: false,
        dispatchedAt: null,
        deliveredAt: null,
        startedAt: null,
        at,
        late: {},
        origin: null,
        storedAs: body.id,
        begunAt: at,
        readable: true,
      });
      const genuine = finish(tenant.aid, device.terminalId, "COMPLETED");
      const forged = [
        finish("T31000002", "T31000002-T0001", "FAILED"),
        finish(tenant.aid, `${tenant.aid}-T9999`, "FAILED"),
      ];
      const started = forged.map((row) => ({ ...row, startedAt: at }));
      await noteProgress(server.db.pool, [...started, { ...genuine, deliveredAt: at }], "skip");
      expect(await get(body.id)).toMatchObject({ phase: "delivered" });
      const batch = forgedFirst ? [...forged, genuine] : [genuine, ...forged];
      const met = await takeAnswers(server.db.pool, batch, "skip");
      expect(met.map(({ standing }) => standing)).toEqual(batch.map((row) => (row === genuine ? "live" : "unknown")));
      expect(await get(body.id)).toMatchObject({ status: "COMPLETED", updated_by: device.terminalId });
      expect((await get(body.id)).phases).not.toHaveProperty("started");
      await device.leave();
    }
  });

  it("cost each other no statement each where one of them is of a month that is gone", async () => {
    const device = await freshDevice();
    const longAgo = "2020-01-01T00:00:00Z";
    const result = { outcome: "accepted", batch_id: "1" };
    const byHand = {
      operation: "end_of_day",
      status: "COMPLETED",
      by_hand: true,
      finished_at: longAgo,
      result,
    } as const;
    const origins = { of: () => ({ signed: "" }), read: () => undefined };
    const taking = { at: server.clock.now(), origins };
    const closeOf = (terminalId: string, address: string) =>
      toFinish(
        { accountId: tenant.aid, terminalId, address },
        { ...byHand, number: 1, operation_id: randomUUID() },
        taking,
      );
    const strangers = Array.from({ length: 63 }, (_, index) => `${tenant.aid}-T${9000 + index}`);
    const batch = [
      ...strangers.map((terminalId) => closeOf(terminalId, `${terminalId}-D1`)),
      closeOf(device.terminalId, device.address),
    ];
    const statements = vi.spyOn(server.db.pool, "query");
    const met = await takeAnswersInOrder(server.db, batch, "skip");
    expect(met.map(({ standing }) => standing)).toEqual([...strangers.map(() => "unknown"), "over"]);
    expect(met.at(-1)).toMatchObject({ status: "COMPLETED", memory: { number: 1 } });
    // The whole batch, and two halves of each half that contains it.
    expect(statements.mock.calls.length).toBeLessThan(16);
    statements.mockRestore();
    await device.leave();
  });

  it("do not wait for a transaction that hangs: neither results, nor acceptances, nor deadlines of others", {
    tags: "replicas",
  }, async () => {
    const [held, other, third] = [await freshDevice(), await freshDevice(), await freshDevice()];
    const { body: stuck } = await send(held);
    const { body: fine } = await send(other);
    const { body: late } = await send(third, { timeout: 5 });
    let letGo = () => {};
    const hanging = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const locked = new Promise<void>((resolve) => {
      void server.db.sql
        .transaction()
        .execute(async (tx) => {
          await tx
            .selectFrom("operation_claims")
            .selectAll()
            .where("operation_id", "=", stuck.id)
            .forUpdate()
            .execute();
          resolve();
          await hanging;
        })
        .catch(() => undefined);
    });
    await locked;
    await held.openedMenu(stuck.id);
    await other.openedMenu(fine.id);
    expect(await other.next("receipt")).toMatchObject({ status: "COMPLETED" });
    expect((await send(other)).status).toBe(201);
    server.clock.advance(5_000);
    await expect.poll(async () => (await get(late.id)).status).toBe("TIMEOUT");
    expect((await get(stuck.id)).status).toBe("PENDING");
    letGo();
    // The terminal has no receipt yet, so it repeats the result.
    await held.openedMenu(stuck.id);
    expect(await held.next("receipt")).toMatchObject({ operation_id: stuck.id, status: "COMPLETED" });
    for (const device of [held, other, third]) await device.leave();
  });

  const locks = {
    terminals: "select from terminals where terminal_id = $1 for no key update",
    operation_claims: "select from operation_claims where terminal_id = $1 for update",
    terminal_addresses: "select from terminal_addresses where terminal_id = $1 for no key update",
  };
  const resultOf = (device: Device, body: { id: string; operation: "check_update" | "open_menu" }) => {
    const { id: operation_id, operation } = body;
    const versions = { current_version: "1", latest_version: "1", update_available: false };
    return toFinish(
      { accountId: tenant.aid, terminalId: device.terminalId, address: device.address },
      {
        operation_id,
        operation,
        status: "COMPLETED",
        finished_at: new Date().toISOString(),
        result: operation === "check_update" ? { ...versions, configuration_version: "1" } : { opened: true },
      },
      { at: server.clock.now(), origins: { of: () => ({ signed: "" }), read: () => undefined } },
    );
  };
  /** A terminal in ERROR, which a check_update brings back into use. */
  async function deviceInError(): Promise<Device> {
    const device = await freshDevice();
    await server.db.sql
      .updateTable("terminals")
      .set({ status: "ERROR" })
      .where("terminal_id", "=", device.terminalId)
      .execute();
    return device;
  }
  /** Runs `work` while another transaction has locked a row of the terminal; `work` may continue that transaction. */
  async function whileLocked(text: string, { terminalId }: Device, work: (sql: pg.PoolClient) => Promise<void>) {
    const client = await server.db.urgent.connect();
    try {
      await client.query(beginHeld);
      expect((await client.query(text, [terminalId])).rowCount).toBe(1);
      await work(client);
      await client.query("commit");
    } finally {
      client.release(true);
    }
  }

  it.each(Object.entries(locks))(
    "do not wait for one whose row of %s is locked: it is left out of the batch",
    async (_, text) => {
      const [held, other] = [await deviceInError(), await freshDevice()];
      const { body: stuck } = await send(held, { operation: "check_update" });
      const { body: fine } = await send(other);
      await whileLocked(text, held, async () => {
        const met = await takeAnswersInOrder(server.db, [resultOf(held, stuck), resultOf(other, fine)], "skip");
        expect(met.map(({ standing }) => standing)).toEqual(["busy", "live"]);
      });
      const met = await takeAnswersInOrder(server.db, [resultOf(held, stuck)], "skip");
      expect(met).toMatchObject([{ standing: "live", status: "COMPLETED" }]);
      for (const device of [held, other]) await device.leave();
    },
  );

  it.each(["terminals", "operation_claims"] as const)(
    "wait in one order with whoever replaces a device, from %s on",
    async (first) => {
      const device = await deviceInError();
      const { body } = await send(device, { operation: "check_update" });
      let answered: Promise<Answered[]> | undefined;
      await whileLocked(locks[first], device, async (sql) => {
        answered = takeAnswersInOrder(server.db, [resultOf(device, body)], "wait");
        await expect
          .poll(async () => (await server.db.sql.executeQuery(CompiledQuery.raw(waitsForLock))).rows.length)
          .toBe(1);
        // The end of a credential does this.
        await sql.query("update terminal_addresses set left_at = null where terminal_id = $1", [device.terminalId]);
      });
      expect(await answered).toMatchObject([{ standing: "live", status: "COMPLETED" }]);
      await device.leave();
    },
  );

  it.each(["results", "hellos", "phases"] as const)(
    "leave connections to others while %s of one account wait for a transaction that hangs",
    async (kind) => {
      const devices = await Promise.all(Array.from({ length: 8 }, () => freshDevice()));
      const sent = await Promise.all(devices.map((device) => send(device)));
      const client = await server.db.urgent.connect();
      try {
        await client.query(beginHeld);
        await client.query("select from operation_claims where terminal_id = any($1) for update", [
          devices.map(({ terminalId }) => terminalId),
        ]);
        const say = {
          results: (device: Device, id: string) => device.openedMenu(id),
          hellos: (device: Device) => device.hello(),
          phases: (device: Device, id: string) =>
            device.say("started", { operation_id: id, started_at: new Date().toISOString() }),
        }[kind];
        await Promise.all(devices.map((device, index) => say(device, sent[index]?.body.id)));
        const counts: number[] = [];
        while (counts.length < 50) {
          const { rows } = await server.db.sql.executeQuery(CompiledQuery.raw(waitsForLock));
          if (rows.length > 0) counts.push(rows.length);
        }
        expect(Math.max(...counts)).toBeLessThanOrEqual(server.urls.length);
        await client.query("commit");
      } finally {
        client.release(true);
      }
      for (const [index, device] of devices.entries()) {
        if (kind === "hellos") await device.next("welcome");
        if (kind !== "results") await device.openedMenu(sent[index]?.body.id);
        expect(await device.next("receipt")).toMatchObject({ status: "COMPLETED" });
        await device.leave();
      }
    },
  );

  it("give a terminal back also where the operation itself is gone", { tags: "replicas" }, async () => {
    const device = await freshDevice();
    const { body } = await send(device, { timeout: 5 });
    await server.db.sql.deleteFrom("operations").where("id", "=", body.id).execute();
    server.clock.advance(5_000);
    await expect.poll(async () => (await send(device)).status).toBe(201);
    await device.leave();
  });
});
