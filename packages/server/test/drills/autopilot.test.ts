import { randomUUID } from "node:crypto";
import type { Closing } from "@tillkeeper/contract/http/closing-schemas";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { autopilotOf } from "../support/autopilot.ts";
import { closes, comingYear, fails, standing, storeOf } from "../support/closings.ts";

/** Decision D32. Stores are in Oslo: 23:30 there is 21:30 UTC in summer, and business days begin at 03:00 UTC. */
describe("the autopilot", async () => {
  const { server, tenant, aid } = await world({ own: {} });
  const clock = storeOf(server, tenant);
  await clock.register();
  const { day, move } = comingYear(server, clock);
  const newStore = () => autopilotOf(server, tenant);

  it("closes a store in the night, says the truth about each terminal, and closes who comes back at 03:10", async () => {
    const { store, configure, closing, next, missed, untilPlanned, untilAsked } = newStore();
    await move("06-10T21:29:00Z");
    const good = await store.till();
    const failing = await store.till(fails("device_error"));
    const busy = await store.till(fails("busy_payment"));
    const off = await store.till();
    await off.leave();
    await store.untilPresence(off, "offline");
    await configure();
    await untilPlanned(day("06-10"));
    expect(await next()).toEqual({
      next: { business_day: day("06-10"), at: `${day("06-10")}T21:30:00Z`, until: `${day("06-11")}T03:00:00Z` },
    });
    await move("06-10T21:30:01Z");
    await untilAsked(day("06-10"));
    await expect.poll(() => [good, failing, busy].map(({ commands }) => commands.length)).toEqual([1, 1, 1]);
    const evening = (await closing(day("06-10"))) as Closing;
    expect([evening.created_by, evening.state]).toEqual(["autopilot", "running"]);
    const states = async () => {
      const now = await store.read(evening.id);
      return [good, failing, busy, off].map((till) => {
        const { state, reason } = standing(now, till);
        return [state, reason].join(" ").trim();
      });
    };
    await expect.poll(states).toEqual(["closed", "failed device_error", "waiting busy_payment", "waiting away"]);

    // The payment is over, and the terminal is asked again.
    busy.answering = closes();
    await move("06-10T21:31:00Z");
    await expect.poll(states, { timeout: 10_000 }).toEqual(["closed", "failed device_error", "closed", "waiting away"]);
    // 03:10 in Oslo.
    await move("06-11T01:10:00Z");
    const back = await store.back(off);
    await expect.poll(() => back.commands.length, { timeout: 20_000 }).toBe(1);
    await expect.poll(async () => (await states())[3], { timeout: 10_000 }).toBe("closed");
    expect(await missed()).toEqual([]);
    // Eight hours later.
    await move("06-11T05:29:00Z");
    await untilPlanned(day("06-11"));
    const ended = await store.read(evening.id);
    expect([ended.state, ended.text]).toEqual(["partly_closed", "3 of 4 terminals are closed; 1 is not closed."]);
    expect([good, failing, busy, back].map(({ commands }) => commands.length)).toEqual([1, 1, 2, 1]);
    expect(await missed()).toMatchObject([
      {
        business_day: day("06-10"),
        closing_id: evening.id,
        reason: "not_closed",
        text: expect.stringContaining(
          "1 of 4 terminals is not closed. The sales of this day stay in the terminals' open batches",
        ),
        terminals: [{ terminal_id: failing.id, state: "failed", reason: "device_error" }],
      },
    ]);
    const { body } = await store.call("GET", store.path.replace("closings", "timeline"));
    expect(JSON.stringify(body)).toContain("The autopilot asked to close the business day of");
  });

  it("catches up within the time to try, and tells of a missed day once after it", async () => {
    const { store, configure, closing, missed, untilPlanned, untilAsked, stop } = newStore();
    await move("06-12T12:00:00Z");
    const till = await store.till();
    await configure();
    await untilPlanned(day("06-12"));
    // No server looks at it before 02:00 in Oslo.
    await move("06-13T00:00:00Z");
    await untilAsked(day("06-12"));
    await expect.poll(async () => (await closing(day("06-12")))?.state).toBe("closed");
    expect(till.commands).toHaveLength(1);
    await move("06-13T12:00:00Z");
    await untilPlanned(day("06-13"));
    // Two nights are jumped over, and the terminal does not tell whether something is open.
    await move("06-15T12:00:00Z");
    await untilPlanned(day("06-15"));
    expect(await missed()).toMatchObject([
      { business_day: day("06-13"), reason: "not_tried", terminals: [{ terminal_id: till.id }] },
      { business_day: day("06-14"), reason: "not_tried" },
    ]);
    expect(till.commands).toHaveLength(1);
    await stop();
  });

  it("closes a terminal that comes to the store, or sells first, when its time has passed", async () => {
    const { store, configure, missed, untilPlanned, untilAsked, stop } = newStore();
    await move("06-15T20:00:00Z");
    await configure();
    await untilPlanned(day("06-15"));
    await move("06-15T21:30:05Z");
    await untilAsked(day("06-15"));
    const till = await store.till();
    await move("06-15T21:45:00Z");
    await expect.poll(() => till.commands.length, { timeout: 10_000 }).toBe(1);
    await move("06-16T03:00:01Z");
    await untilPlanned(day("06-16"));
    expect(await missed()).toEqual([]);
    await stop();
  });

  it("does nothing where the day is closed already, by a request or by hand, nor where there is no terminal", async () => {
    const [asked, byHand, empty] = [newStore(), newStore(), newStore()];
    const before = day("06-16");
    await move("06-16T20:30:00Z");
    const [till, other] = [await asked.store.till(), await byHand.store.till()];
    await Promise.all([asked, byHand, empty].map((one) => one.configure()));
    const { body: closed } = await asked.store.close();
    const at = `${before}T20:00:00Z`;
    await other.closeByHand({ started_at: at, finished_at: at });
    await Promise.all([asked, byHand, empty].map((one) => one.untilPlanned(before)));
    await move("06-16T21:30:05Z");
    await Promise.all([asked, byHand, empty].map((one) => one.untilAsked(before)));
    await move("06-17T03:00:01Z");
    await Promise.all([asked, byHand, empty].map((one) => one.untilPlanned(day("06-17"))));
    expect([till.commands.length, other.commands.length]).toEqual([1, 0]);
    expect(await asked.closing(before)).toMatchObject({
      id: closed.id,
      created_by: tenant.clientId,
      asked_at: closed.asked_at,
    });
    expect([await byHand.closing(before), await empty.closing(before)]).toEqual([undefined, undefined]);
    for (const one of [asked, byHand, empty]) {
      expect(await one.missed()).toEqual([]);
      await one.stop();
    }
  });

  it("does not tell of a terminal that was lost with an empty batch after the time to close", async () => {
    const { store, configure, closing, missed, untilPlanned, untilAsked, stop } = newStore();
    await move("06-17T20:30:00Z");
    const till = await store.till();
    await till.tell({ transactions_count: 0 });
    await store.untilTold(till, 0);
    await configure();
    await untilPlanned(day("06-17"));
    await move("06-17T21:30:05Z");
    await untilAsked(day("06-17"));
    await till.leave();
    await store.untilPresence(till, "offline");
    await move("06-18T03:00:01Z");
    await untilPlanned(day("06-18"));
    expect([await missed(), await closing(day("06-17"))]).toEqual([[], undefined]);
    // With sales in the batch it is told.
    const back = await store.back(till);
    await move("06-18T20:30:00Z");
    await back.tell({ transactions_count: 2, oldest_at: `${day("06-18")}T12:00:00Z` });
    await store.untilTold(back, 2);
    await back.leave();
    await store.untilPresence(back, "offline");
    await move("06-19T03:00:01Z");
    await untilPlanned(day("06-19"));
    expect(await missed()).toMatchObject([{ business_day: day("06-18"), terminals: [{ terminal_id: till.id }] }]);
    await stop();
  });

  it("goes by the configuration as it is now: another time, an exception, or off", async () => {
    const { store, configure, closing, next, missed, untilPlanned, untilAsked, untilOff, stop } = newStore();
    await move("06-20T12:00:00Z");
    const till = await store.till();
    await configure();
    await untilPlanned(day("06-20"));
    await configure({ time: "16:00" });
    await move("06-20T14:00:01Z");
    await untilAsked(day("06-20"));
    await expect.poll(async () => (await closing(day("06-20")))?.state).toBe("closed");
    // What was closed is not closed again at the later time of the same day.
    await configure({ time: "23:30" });
    expect((await next()).next?.business_day).toBe(day("06-21"));
    const exceptions = [
      { date: day("06-21"), closed: true },
      { date: day("06-22"), time: "18:00" },
    ];
    await configure({ exceptions });
    expect(await next()).toMatchObject({ next: { business_day: day("06-22"), at: `${day("06-22")}T16:00:00Z` } });
    await move("06-22T10:00:00Z");
    await untilPlanned(day("06-22"));
    expect([await closing(day("06-21")), await missed(), till.commands.length]).toEqual([undefined, [], 1]);
    await move("06-22T16:00:01Z");
    await untilAsked(day("06-22"));
    await configure({ enabled: false });
    expect(await next()).toEqual({ off_because: "The automatic end of day is not enabled." });
    await expect.poll(async () => (await closing(day("06-22")))?.state).toBe("closed");
    await move("06-26T12:00:00Z");
    await untilOff();
    expect([till.commands.length, await missed()]).toEqual([2, []]);
    await configure({ enabled: true, exceptions: null });
    await untilPlanned(day("06-26"));
    expect(await missed()).toEqual([]);
    await stop();
  });

  it("leaves a terminal that sells after its close to the next evening, and shows it", async () => {
    const { store, configure, closing, missed, untilPlanned, untilAsked, stop } = newStore();
    await move("07-01T20:00:00Z");
    const till = await store.till();
    await configure();
    await untilPlanned(day("07-01"));
    await till.tell({ transactions_count: 3, oldest_at: `${day("07-01")}T10:00:00Z` });
    await store.untilTold(till, 3);
    await move("07-01T21:30:01Z");
    await untilAsked(day("07-01"));
    await expect.poll(async () => (await closing(day("07-01")))?.state).toBe("closed");
    await move("07-01T23:00:00Z");
    await till.tell({ transactions_count: 1, oldest_at: `${day("07-01")}T22:50:00Z` });
    await store.untilTold(till, 1);
    await move("07-02T03:00:01Z");
    await untilPlanned(day("07-02"));
    expect(standing((await closing(day("07-01"))) as Closing, till)).toMatchObject({
      state: "closed",
      open_again: true,
    });
    expect([till.commands.length, await missed()]).toEqual([1, []]);
    await move("07-02T21:30:01Z");
    await untilAsked(day("07-02"));
    await expect.poll(async () => (await closing(day("07-02")))?.state).toBe("closed");
    expect(till.commands).toHaveLength(2);
    await stop();
  });

  it("goes by the account's time zone as it is now", async () => {
    const storeId = randomUUID().slice(0, 8);
    const path = `/v1/accounts/${aid}/stores/${storeId}`;
    const { body: store } = await server.call("POST", `/v1/accounts/${aid}/stores`, {
      ...tenant,
      body: { store_id: storeId },
    });
    const { pool } = server.db;
    const zone = (name: string | null) =>
      pool.query("update accounts set time_zone = $2 where account_id = $1", [aid, name]);
    const placeOf = async () =>
      (
        await pool.query(
          `select business_day is not null as on, to_char(look_at at time zone 'UTC', 'HH24:MI') as at from store_autopilot
           where account_id = $1 and store_ref = $2`,
          [aid, store.id],
        )
      ).rows[0];
    await zone("Europe/Oslo");
    const body = { auto_end_of_day: { enabled: true, spread_minutes: 0, time: "12:00" } };
    expect((await server.call("PATCH", `${path}/configuration`, { ...tenant, body })).status).toBe(200);
    await expect.poll(placeOf, { timeout: 10_000 }).toEqual({ on: true, at: "10:00" });
    await zone("Asia/Tokyo");
    await expect.poll(placeOf, { timeout: 10_000 }).toEqual({ on: true, at: "03:00" });
    await zone(null);
    await expect.poll(async () => (await placeOf()).on, { timeout: 10_000 }).toBe(false);
  });

  it("refuses exceptions that come twice, or say nothing", async () => {
    const { store, patch } = newStore();
    await store.register();
    const answer = await patch({ exceptions: [{ date: day("06-21") }, { date: day("06-21"), closed: true }] });
    expect([answer.status, answer.body.error.errors.map(({ path }: { path: string }) => path)]).toEqual([
      400,
      ["/body/auto_end_of_day/exceptions/0", "/body/auto_end_of_day/exceptions/1/date"],
    ]);
  });

  it("is off while the time zone is a guess, and says so", async () => {
    const storeId = randomUUID().slice(0, 8);
    const path = `/v1/accounts/${aid}/stores/${storeId}`;
    await server.call("POST", `/v1/accounts/${aid}/stores`, { ...tenant, body: { store_id: storeId } });
    await server.db.pool.query("update stores set configuration = $2 where account_id = $1 and store_id = $3", [
      aid,
      { auto_end_of_day: { enabled: true } },
      storeId,
    ]);
    const show = async () => (await server.call("GET", `${path}/configuration`, tenant)).body.autopilot;
    expect((await show()).off_because).toContain("The time zone is a guess. ");
    const body = { time_zone: "Europe/Oslo" };
    await server.call("PATCH", `${path}/configuration`, { ...tenant, body });
    expect((await show()).next.at).toBeDefined();
    await server.call("POST", `${path}/suspend`, tenant);
  });
});
