import { randomUUID } from "node:crypto";
import { PairingDevice } from "@tillkeeper/stage/devices/pairing-device";
import { nextSerial } from "@tillkeeper/stage/devices/serials";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { closes, comingYear, fails, silent, standing, storeOf, Till } from "../support/closings.ts";
import { PresentDevice } from "../support/presence.ts";

/**
 * What may go wrong about a closing, so that a day is closed twice, or never, or that a sum is wrong. Stores are in Oslo, whose
 * business days begin at 05:00, 03:00 UTC in summer.
 */
describe("the close of a store under attack", async () => {
  const { server, tenant } = await world({ own: {} });
  const newStore = () => storeOf(server, tenant);
  const clock = newStore();
  await clock.register();
  const { day, move } = comingYear(server, clock);
  const batch = (transactions_count: number, time: string) => ({ transactions_count, oldest_at: day(time) });
  const { pool } = server.db;

  it("goes on with an attempt whose server died, though somebody asked in another way meanwhile", async () => {
    const store = newStore();
    const till = await store.till(silent);
    const { body: closing } = await store.close({}, {});
    await expect.poll(() => till.commands.length).toBe(1);
    // The operation was accepted, and its server died before it noted that.
    const forget = "update closing_attempts set operation_id = null where closing_id = $1";
    await pool.query(forget, [closing.id]);
    expect((await store.close({ when_busy: "wait" }, {})).status).toBe(200);
    await pool.query(forget, [closing.id]);
    await till.answerLate();
    await expect.poll(async () => standing(await store.read(closing.id), till).state).toBe("closed");
    const { close, operations } = standing(await store.read(closing.id), till);
    expect(operations).toEqual([close?.id]);
    expect(till.commands).toHaveLength(1);
  });

  it("obeys one of several requests at once under one key, and refuses the others", async () => {
    const store = newStore();
    await store.till();
    const key = { "idempotency-key": randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) => store.close({ expected: [{ currency: "NOK", sale_amount: n }] }, key)),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 422, 422, 422, 422, 422]);
  });

  it("closes after all what sold after the end, though nothing had been open there", async () => {
    const store = newStore();
    const [till, other] = [await store.till(), await store.till()];
    await move("06-01T20:00:00Z");
    await till.tell({ transactions_count: 0 });
    await store.untilTold(till, 0);
    const { body: closing } = await store.close();
    expect(standing(closing, till)).toMatchObject({ state: "not_needed", reason: "empty" });
    await expect.poll(async () => (await store.read(closing.id)).ended_at).toBeDefined();
    await move("06-01T20:10:00Z");
    await till.tell(batch(1, "06-01T20:09:00Z"));
    await store.untilTold(till, 1);
    expect(standing(await store.read(closing.id), till)).toMatchObject({
      state: "not_needed",
      open_again: true,
      next_step: "close_the_day",
    });
    const further = await store.close();
    expect([further.body.id, standing(further.body, till).state]).toEqual([closing.id, "closed"]);
    expect([till.commands.length, other.commands.length]).toEqual([1, 1]);
  });

  it("is of the new day, though somebody paid after the last one was closed", async () => {
    const store = newStore();
    const till = await store.till();
    await move("06-02T20:00:00Z");
    await till.tell(batch(3, "06-02T09:00:00Z"));
    await store.untilTold(till, 3);
    const { body: first } = await store.close();
    await move("06-02T20:10:00Z");
    await till.tell(batch(1, "06-02T20:09:00Z"));
    await store.untilTold(till, 1);
    await expect.poll(async () => standing(await store.read(first.id), till).open_again).toBe(true);
    await move("06-03T20:00:00Z");
    await till.tell(batch(5, "06-02T20:09:00Z"));
    await store.untilTold(till, 5);
    expect((await store.preview()).business_day).toBe(day("06-03"));
    const { body: second } = await store.close();
    expect([second.business_day, standing(second, till).state]).toEqual([day("06-03"), "closed"]);
    expect(till.commands).toHaveLength(2);
  });

  it("closes a terminal whose clock is ahead", async () => {
    const store = newStore();
    const till = await store.till();
    await move("06-04T20:00:00Z");
    await till.tell(batch(5, "06-06T12:00:00Z"));
    await store.untilTold(till, 5);
    const { body: closing } = await store.close();
    expect([closing.business_day, standing(closing, till).state]).toEqual([day("06-04"), "closed"]);
  });

  it("counts the batches of terminals that have moved to another store since", async () => {
    const [here, there] = [newStore(), newStore()];
    const till = await here.till();
    await there.register();
    await move("06-05T12:00:00Z");
    const now = { started_at: day("06-05T12:00:00Z"), finished_at: day("06-05T12:00:10Z") };
    await till.closeByHand(now);
    const storeId = there.path.split("/").at(-2);
    const moved = await here.call("PUT", `/v1/accounts/${tenant.aid}/terminals/${till.id}`, { store_id: storeId });
    expect(moved.status).toBe(200);
    await move("06-05T20:00:00Z");
    const { body: closing } = await here.close();
    expect(standing(closing, till)).toMatchObject({ state: "already_closed", reason: "closed_at_terminal" });
    expect(closing.totals).toMatchObject([{ batches_count: 1 }]);
    const { body: other } = await there.close();
    expect([standing(other, till).state, other.totals]).toMatchObject(["closed", [{ batches_count: 1 }]]);
    expect(till.commands).toHaveLength(1);
  });

  it("counts a batch of noon after however many attempts that failed", { timeout: 60_000 }, async () => {
    const store = newStore();
    const till = await store.till(fails("device_error"));
    await till.closeByHand({ started_at: day("06-05T20:00:00Z"), finished_at: day("06-05T20:00:10Z") });
    const command = { terminal_id: till.id, operation: "end_of_day" };
    for (let n = 0; n < 45; n += 1) {
      const { status } = await store.call("POST", "/v1/admin/terminals/operations", command, { prefer: "wait=10" });
      expect(status).toBe(201);
    }
    till.answering = closes();
    const { body: closing } = await store.close({ again: true });
    expect(standing(closing, till).state).toBe("closed");
    expect(closing.totals).toMatchObject([{ batches_count: 2 }]);
  });

  it("stays as it ended while the next day is being closed", async () => {
    const store = newStore();
    const till = await store.till(fails("device_error"));
    await move("06-07T20:00:00Z");
    const { body: first } = await store.close();
    expect(first.state).toBe("partly_closed");
    await expect.poll(async () => (await store.read(first.id)).ended_at).toBeDefined();
    till.answering = silent;
    await move("06-08T12:00:00Z");
    await store.close({ business_day: day("06-08") }, {});
    await expect.poll(() => till.commands.length).toBe(2);
    expect((await store.read(first.id)).state).toBe("partly_closed");
    await till.answerLate();
    // The close of the next day closed the batch of this day, too.
    const corrected = await store.read(first.id);
    expect(standing(corrected, till)).toMatchObject({ state: "already_closed", reason: "closed_later" });
    expect(corrected.corrected_at).toBeDefined();
    expect(corrected.totals).toEqual([]);
  });

  it("follows on the closing of the day before, when the store's day begins at another time since", async () => {
    const store = newStore();
    await store.register();
    await move("06-09T20:00:00Z");
    const { body: first } = await store.close();
    const configuration = store.path.replace("/closings", "/configuration");
    const { status } = await store.call("PATCH", configuration, { business_day_starts_at: "03:00" });
    expect(status).toBe(200);
    expect((await store.close()).body.id).toBe(first.id);
    await move("06-10T20:00:00Z");
    const { body: second } = await store.close();
    expect([second.day_starts_at, second.day_ends_at]).toEqual([first.day_ends_at, day("06-11T01:00:00Z")]);
  });

  it("goes on after a cancel when somebody asks once more, though a close was still under way", async () => {
    const store = newStore();
    const till = await store.till(silent);
    const { body: closing } = await store.close({}, {});
    await expect.poll(() => till.commands.length).toBe(1);
    await store.call("POST", `${store.path}/${closing.id}/cancel`);
    const further = await store.close({ again: true }, {});
    expect([further.status, further.body.cancelled_at]).toEqual([200, undefined]);
    till.answering = closes();
    await till.finish("cancelled");
    await expect.poll(async () => (await store.read(closing.id)).state, { timeout: 10_000 }).toBe("closed");
    expect(till.commands).toHaveLength(2);
  });

  it("never calls a terminal closed whose hardware was replaced with an open batch", async () => {
    const store = newStore();
    const till = await store.till();
    await till.tell({ transactions_count: 7 });
    await store.untilTold(till, 7);
    const serial = nextSerial();
    const terminal = `/v1/accounts/${tenant.aid}/terminals/${till.id}`;
    const swapped = await store.call("POST", `${terminal}/device`, { device_serial_number: serial });
    expect(swapped.status).toBe(200);
    const { body: paired } = await (await PairingDevice.make(serial)).pair(server, swapped.body.pairing.code);
    const entry = { ...till.entry, address: paired.address, password: paired.mqtt_password };
    const fresh = new Till(await PresentDevice.connect(server, entry), entry, { answering: closes(), number: 0 });
    await fresh.device.greet();
    const command = { terminal_id: till.id, operation: "check_update" };
    await store.call("POST", "/v1/admin/terminals/operations", command, { prefer: "wait=10" });
    const { body: closing } = await store.close();
    expect(fresh.commands).toHaveLength(1);
    expect(standing(closing, till)).toMatchObject({
      state: "unknown",
      reason: "device_replaced",
      next_step: "find_the_batch",
      former_open_batch: { transactions_count: 7 },
    });
    expect(closing.state).toBe("unknown");
  });
});
