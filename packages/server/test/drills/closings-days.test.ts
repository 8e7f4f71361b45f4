import { randomUUID } from "node:crypto";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { deleteClosings, forgetRequests } from "../../src/closings/queries.ts";
import { closes, comingYear, fails, silent, standing, storeOf } from "../support/closings.ts";

/** Decisions D30 and D31 as time goes by. Stores are in Oslo, whose business days begin at 05:00, 03:00 UTC in summer. */
describe("the close of a store, as time goes by", async () => {
  const { server, tenant } = await world({ own: {} });
  const newStore = () => storeOf(server, tenant);
  const clock = newStore();
  await clock.register();
  const { day, move } = comingYear(server, clock);

  it("is of the business day that began last, also after midnight", async () => {
    await move("06-29T23:30:00Z");
    const { body: closing } = await clock.close();
    expect(closing).toMatchObject({
      business_day: day("06-29"),
      day_starts_at: day("06-29T03:00:00Z"),
      day_ends_at: day("06-30T03:00:00Z"),
      retry_until: day("06-30T03:00:00Z"),
      time_zone: "Europe/Oslo",
    });
  });

  it("is unknown where a terminal did not answer, until its late result corrects it", async () => {
    const store = newStore();
    const till = await store.till(silent);
    await move("06-30T20:00:00Z");
    const { body: closing } = await store.close({ retry_until: "2020-01-01T00:00:00Z" }, {});
    await expect.poll(() => till.commands.length).toBe(1);
    await move("06-30T20:03:30Z");
    await expect.poll(async () => (await store.read(closing.id)).state).toBe("unknown");
    const unknown = await store.read(closing.id);
    expect(unknown.text).toBe("Nobody knows whether the terminal is closed.");
    expect(standing(unknown, till)).toMatchObject({
      reason: "no_answer",
      retryable: true,
      next_step: "send_again_unsure",
    });
    await expect.poll(async () => (await store.read(closing.id)).ended_at).toBeDefined();
    await till.answerLate();
    const corrected = await store.read(closing.id);
    expect([corrected.state, corrected.text]).toEqual(["closed", "The terminal is closed."]);
    expect(corrected.corrected_at).toBeDefined();
    expect(standing(corrected, till).close).toMatchObject({ status: "TIMEOUT", late: true });
    expect(corrected.totals).toMatchObject([{ batches_count: 1 }]);
    expect((await store.close()).body.state).toBe("closed");
    expect(till.commands).toHaveLength(1);
  });

  it("is tried again by itself while the payment host is away, and ends with the day", async () => {
    const store = newStore();
    const till = await store.till(fails("host_unreachable"));
    await move("07-01T20:00:00Z");
    const { body: closing } = await store.close({}, {});
    await expect.poll(async () => standing(await store.read(closing.id), till).reason).toBe("host_unreachable");
    await move("07-01T20:01:05Z");
    await expect.poll(() => till.commands.length, { timeout: 10_000 }).toBe(2);
    await move("07-02T03:00:01Z");
    await expect.poll(async () => (await store.read(closing.id)).state, { timeout: 10_000 }).toBe("partly_closed");
    expect(standing(await store.read(closing.id), till)).toMatchObject({
      state: "failed",
      reason: "host_unreachable",
      next_step: "send_again_later",
    });
  });

  it("is made up the morning after, and leaves the new day alone", async () => {
    const store = newStore();
    const [good, missed] = [await store.till(), await store.till(fails("device_error"))];
    const batchOf = (transactions_count: number, time: string) => {
      return { transactions_count, ...(transactions_count > 0 && { oldest_at: day(time) }) };
    };
    await move("07-03T21:00:00Z");
    await good.tell(batchOf(5, "07-03T09:00:00Z"));
    await missed.tell(batchOf(7, "07-03T10:00:00Z"));
    await store.untilTold(missed, 7);
    const { body: evening } = await store.close();
    expect([evening.business_day, evening.state]).toEqual([day("07-03"), "partly_closed"]);

    // 07:00 in Oslo. The good one has begun to sell.
    await move("07-04T05:00:00Z");
    await good.tell(batchOf(1, "07-04T04:50:00Z"));
    await missed.tell(batchOf(8, "07-03T10:00:00Z"));
    await store.untilTold(good, 1);
    await store.untilTold(missed, 8);
    expect((await store.preview()).business_day).toBe(day("07-03"));
    missed.answering = closes();
    const { status, body: made } = await store.close();
    expect([status, made.id, made.business_day, made.state]).toEqual([200, evening.id, day("07-03"), "closed"]);
    expect([good.commands.length, missed.commands.length]).toEqual([1, 2]);
    expect(standing(made, good).state).toBe("closed");
    expect(standing(made, good).open_again).toBeUndefined();
    expect(made.totals).toMatchObject([{ batches_count: 2 }]);

    // The close of this morning belongs to yesterday, so today is open, and closed tonight.
    await missed.tell(batchOf(2, "07-04T12:00:00Z"));
    await store.untilTold(missed, 2);
    await move("07-04T21:00:00Z");
    const { status: tonight, body: today } = await store.close();
    expect([tonight, today.business_day, today.counts.closed]).toEqual([201, day("07-04"), 2]);
    expect(today.totals).toMatchObject([{ batches_count: 2 }]);
    expect([good.commands.length, missed.commands.length]).toEqual([2, 3]);
  });

  it("counts yesterday's close by hand in the morning, where the terminal tells nothing of its batch", async () => {
    const store = newStore();
    const till = await store.till();
    await move("07-05T19:00:00Z");
    await till.closeByHand({ started_at: day("07-05T19:00:00Z"), finished_at: day("07-05T19:00:10Z") });
    await move("07-06T05:00:00Z");
    const { body: closing } = await store.close({ business_day: day("07-05") });
    expect(standing(closing, till)).toMatchObject({ state: "already_closed", reason: "closed_at_terminal" });
    expect(till.commands).toHaveLength(0);
    // Of the new day nothing is closed yet.
    const { body: today } = await store.close();
    expect([today.business_day, standing(today, till).state]).toEqual([day("07-06"), "closed"]);
  });

  it("waits for a close that began in the last moment of the day before, and closes no empty batch after it", async () => {
    const store = newStore();
    const till = await store.till(silent);
    await move("07-07T02:59:50Z");
    await till.tell({ transactions_count: 3, oldest_at: day("07-07T01:00:00Z") });
    await store.untilTold(till, 3);
    const { body: evening } = await store.close({}, {});
    await expect.poll(() => till.commands.length).toBe(1);
    await move("07-07T03:00:05Z");
    const { body: morning } = await store.close({ business_day: day("07-07") }, {});
    expect([evening.business_day, morning.business_day]).toEqual([day("07-06"), day("07-07")]);
    expect(standing(morning, till)).toMatchObject({ state: "waiting", reason: "closing_by_another" });
    await till.tell({ transactions_count: 0 });
    await till.answerLate();
    const states = () => Promise.all([evening, morning].map(async ({ id }) => (await store.read(id)).state));
    await expect.poll(states).toEqual(["closed", "nothing_to_close"]);
    expect(till.commands).toHaveLength(1);
  });

  it("refuses what cannot be, and names each place", async () => {
    const store = newStore();
    const other = await newStore().register();
    await move("07-07T20:00:00Z");
    const refused = async (body: object) => {
      const { status, body: answer } = await store.call("POST", store.path, body);
      return [status, answer.error?.errors?.map(({ path, message }: Record<string, string>) => `${path} ${message}`)];
    };
    await store.register();
    expect(await refused({ business_day: day("07-08") })).toEqual([
      400,
      [`/body/business_day has not begun; the running business day is ${day("07-07")}`],
    ]);
    expect(await refused({ business_day: day("06-01") })).toEqual([
      400,
      ["/body/business_day is more than 31 days ago"],
    ]);
    expect(await refused({ retry_until: day("07-08T03:00:01Z"), terminals: [other] })).toEqual([
      400,
      [
        `/body/retry_until is after the running business day, which ends at ${day("07-08")}T03:00:00.000Z`,
        "/body/terminals/0 is no terminal of this store",
      ],
    ]);
    expect(await refused({ expected: [{ currency: "NOK" }, { currency: "NOK" }] })).toEqual([
      400,
      ["/body/expected/1/currency comes twice"],
    ]);
    for (const body of [
      { business_day: day("02-30") },
      { business_day: "tomorrow" },
      { terminals: [] },
      { when_busy: "never" },
      { expected: [] },
      { expected: [{ currency: "kr" }] },
      { what: 1 },
    ]) {
      expect((await refused(body))[0], JSON.stringify(body)).toBe(400);
    }
    expect((await store.call("GET", store.path)).body.closings).toEqual([]);
  });

  it("is nobody else's: another account's store and closing are not there", async () => {
    const store = newStore();
    await store.register();
    const { body: closing } = await store.close();
    const stranger = await server.account();
    const path = store.path.replace(tenant.aid, stranger.aid);
    for (const [method, url] of [
      ["POST", path],
      ["GET", path],
      ["GET", `${path}/preview`],
      ["GET", `${path}/${closing.id}`],
      ["POST", `${path}/${closing.id}/cancel`],
    ] as const) {
      const { status, body } = await server.call(method, url, { token: stranger.token });
      expect([status, body.error.code], url).toEqual([404, "store_not_found"]);
    }
    const mine = newStore();
    await mine.register();
    const { status } = await mine.call("GET", `${mine.path}/${closing.id}`);
    expect(status).toBe(404);
  });

  it("is deleted with its operations, after their retention", async () => {
    const store = newStore();
    await store.till();
    const { body: closing } = await store.close({}, { prefer: "wait=20", "idempotency-key": randomUUID() });
    const { sql: db } = server.db;
    const before = new Date(Date.parse(closing.day_starts_at) + 1);
    expect(await forgetRequests(db, before, 1_000)).toBe(0);
    // Those of the days before are among them.
    expect(await deleteClosings(db, before, 1_000)).toBeGreaterThan(1);
    expect((await store.call("GET", `${store.path}/${closing.id}`)).status).toBe(404);
    const { rows } = await server.db.pool.query("select from closing_attempts where closing_id = $1", [closing.id]);
    expect(rows).toEqual([]);
  });
});
