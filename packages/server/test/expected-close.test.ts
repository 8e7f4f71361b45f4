// @module-tag replicas: requests with one expected close come to several servers.

import { randomUUID } from "node:crypto";
import { defaultTimeoutSeconds } from "@tillkeeper/contract/operations";
import type { Device } from "@tillkeeper/stage/devices/device";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it, vi } from "vitest";
import { type Accept, createAccept } from "../src/operations/accept.ts";
import { CloseMoved } from "../src/operations/close-moved.ts";
import { createDurations } from "../src/operations/durations.ts";
import { createMetrics } from "../src/watching/metrics.ts";
import { memoryWords } from "./support/memory-words.ts";

/** A close that is accepted only while nothing has been closed since its sender looked. */
describe("an expected close", async () => {
  const { server, tenant } = await world({ own: {} });
  const { freshDevice, get, send, close, answer, commandOf } = memoryWords(() => ({ server, tenant }));
  const { db, clock } = server;
  const newAccept = () =>
    createAccept({
      db,
      clock,
      announce: () => undefined,
      hears: () => false,
      durations: createDurations({ db, clock }),
      watch: createMetrics(),
      windows: defaultTimeoutSeconds,
    });
  const accept = newAccept();
  const { aid: accountId, clientId } = tenant;

  interface More {
    key?: string;
    of?: Accept;
    timeout?: number;
  }
  const ask = (
    { terminalId }: Pick<Device, "terminalId">,
    expectedClose: string | null | undefined,
    { key = randomUUID(), of = accept, timeout = 600 }: More = {},
  ) =>
    of({
      accountId,
      clientId,
      idempotencyKey: key,
      body: { terminal_id: terminalId, operation: "end_of_day", when_busy: "wait", timeout },
      expectedClose,
    });
  const countOf = async ({ terminalId }: Device) => {
    const { rows } = await db.pool.query(
      "select count(*)::int as n from operations where terminal_id = $1 and operation = 'end_of_day'",
      [terminalId],
    );
    return rows[0].n;
  };
  /** Makes a close by hand, and returns its id. */
  const closeByHand = async (device: Device, number: number) => {
    const id = randomUUID();
    await answer(device, close(id, number, { by_hand: true }));
    return id;
  };

  it("that is the last one is accepted, and named by the command", async () => {
    const device = await freshDevice();
    const first = await ask(device, null);
    expect(first).toMatchObject({ status: "PENDING", replayed: false, operation: { when_busy: "wait" } });
    expect(await commandOf(device, first.operation.id)).toMatchObject({ previous_close: null });
    await answer(device, close(first.operation.id, 1));
    const second = await ask(device, first.operation.id.toUpperCase());
    expect(await commandOf(device, second.operation.id)).toMatchObject({ previous_close: first.operation.id });
    await answer(device, close(second.operation.id, 2, { status: "FAILED", result: undefined, reason: "refused" }));
    // Without one nothing is compared.
    const third = await ask(device, undefined);
    expect(await commandOf(device, third.operation.id)).toMatchObject({ previous_close: first.operation.id });
    await device.leave();
  });

  it("that is not the last one accepts nothing, and says which is", async () => {
    const device = await freshDevice();
    await expect(ask(device, randomUUID())).rejects.toEqual(new CloseMoved(null));
    const closed = await closeByHand(device, 1);
    const moved = ask(device, null);
    await expect(moved).rejects.toBeInstanceOf(CloseMoved);
    await expect(moved).rejects.toMatchObject({ lastClose: closed });
    expect(await countOf(device)).toBe(1);
    // Also while another operation is in the way: to wait for that would not help.
    const menu = await send(device, { operation: "open_menu" });
    await expect(ask(device, null)).rejects.toMatchObject({ lastClose: closed });
    await expect(ask(device, closed)).rejects.toMatchObject({ code: "operation_pending" });
    await device.openedMenu(menu.id, { number: 2 });
    await vi.waitUntil(async () => (await get(menu.id)).status === "COMPLETED");
    // A key of a request that was not accepted is free.
    const key = randomUUID();
    await expect(ask(device, null, { key })).rejects.toBeInstanceOf(CloseMoved);
    expect(await ask(device, closed, { key })).toMatchObject({ replayed: false });
    await device.leave();
  });

  it("is no part of the request: a repetition answers the first operation, as it is now", async () => {
    const device = await freshDevice();
    const key = randomUUID();
    const { operation } = await ask(device, null, { key });
    const { id } = operation;
    const pending = { operation, status: "PENDING", replayed: true };
    expect(await ask(device, null, { key })).toEqual(pending);
    expect(await ask(device, randomUUID(), { key })).toEqual(pending);
    await commandOf(device, id);
    await answer(device, close(id, 1));
    for (const expected of [null, id, randomUUID(), undefined])
      expect(await ask(device, expected, { key })).toEqual({ operation, status: "COMPLETED", replayed: true });
    await expect(ask(device, null, { key, timeout: 30 })).rejects.toMatchObject({ code: "idempotency_key_reused" });
    expect(await countOf(device)).toBe(1);
    await device.leave();
  });

  it("belongs to the present address: a new device begins without one", async () => {
    const device = await freshDevice();
    const closed = await closeByHand(device, 1);
    const path = `/v1/accounts/${accountId}/terminals/${device.terminalId}/credentials`;
    expect((await server.call("POST", path, tenant)).status).toBe(201);
    await expect(ask(device, closed)).rejects.toEqual(new CloseMoved(null));
    expect(await ask(device, null)).toMatchObject({ replayed: false });
    await device.leave();
  });

  it("lets one of many through, in one batch and from several servers", async () => {
    const device = await freshDevice();
    const servers = [accept, newAccept(), newAccept()];
    const outcomes = await Promise.allSettled(
      Array.from({ length: 12 }, (_, index) => ask(device, null, { of: servers[index % 3] as Accept })),
    );
    const accepted = outcomes.filter(({ status }) => status === "fulfilled");
    expect(accepted).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "operation_pending" });
    const [{ value }] = accepted as [PromiseFulfilledResult<Awaited<ReturnType<Accept>>>];
    await commandOf(device, value.operation.id);
    await answer(device, close(value.operation.id, 1));
    // Repetitions with new keys after the close close nothing.
    const later = await Promise.allSettled(servers.map((of) => ask(device, null, { of })));
    for (const outcome of later)
      expect(outcome).toMatchObject({ status: "rejected", reason: { lastClose: value.operation.id } });
    expect(await countOf(device)).toBe(1);
    await device.leave();
  });

  it("is what the command names, in whichever order requests and closes by hand meet", async () => {
    const device = await freshDevice();
    let last: string | null = null;
    let number = 0;
    for (let round = 0; round < 8; round += 1) {
      const expected: string | null = last;
      const made = randomUUID();
      const meeting = ask(device, expected).catch((error: unknown) => error);
      await answer(device, close(made, (number += 1), { by_hand: true }));
      const outcome = await meeting;
      last = made;
      if (outcome instanceof CloseMoved) expect(outcome.lastClose).toBe(made);
      else {
        const { id } = (outcome as Awaited<ReturnType<Accept>>).operation;
        // The device compares it with its own, and refuses.
        expect(await commandOf(device, id)).toMatchObject({ previous_close: expected });
        const failed = { status: "FAILED", result: undefined, reason: "out_of_step", last_close: made };
        await answer(device, close(id, (number += 1), failed));
      }
    }
    await device.leave();
  });

  it("of one terminal decides nothing about the others of its batch", async () => {
    const [one, other, third] = [await freshDevice(), await freshDevice(), await freshDevice()];
    const closed = await closeByHand(other, 1);
    const outcomes = await Promise.allSettled([ask(one, null), ask(other, null), ask(third, undefined)]);
    expect(outcomes).toMatchObject([
      { status: "fulfilled" },
      { status: "rejected", reason: { lastClose: closed } },
      { status: "fulfilled" },
    ]);
    await Promise.all([one, other, third].map((device) => device.leave()));
  });
});
