import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DayTotals, dayTotals, slotMs, TradeCounter, tradeInSlot } from "./day.ts";
import { closeDay, newTerminalState } from "./state.ts";

const morning = Date.parse("2026-06-29T08:00:00.000Z");
const dayMs = 24 * 60 * 60 * 1000;
const serial = fc.stringMatching(/^SIMULATED-T\d{8}-\d{3}$/);

function sum(all: DayTotals[]): DayTotals {
  const of = (key: keyof DayTotals) => all.reduce((total, day) => total + day[key], 0);
  return {
    purchases_count: of("purchases_count"),
    purchases_amount: of("purchases_amount"),
    reversals_count: of("reversals_count"),
    reversals_amount: of("reversals_amount"),
    tip_amount: of("tip_amount"),
    sale_amount: of("sale_amount"),
  };
}

describe("the invented day", () => {
  test("adds up: sale_amount = purchases_amount - tip_amount - reversals_amount, and amounts belong to counts", () => {
    fc.assert(
      fc.property(serial, fc.nat(dayMs), fc.nat(dayMs), (serialNumber, offset, length) => {
        const day = dayTotals(serialNumber, morning + offset, morning + offset + length);
        expect(day.sale_amount).toBe(day.purchases_amount - day.tip_amount - day.reversals_amount);
        expect(day.purchases_count === 0).toBe(day.purchases_amount === 0);
        expect(day.reversals_count === 0).toBe(day.reversals_amount === 0);
        expect(day.tip_amount).toBeLessThanOrEqual(day.purchases_amount);
        expect(Object.values(day).every((value) => Number.isSafeInteger(value))).toBe(true);
      }),
    );
  });

  test("holds exactly the trades of its slots", () => {
    const first = Math.floor(morning / slotMs);
    const slots = Array.from({ length: 288 }, (_, index) => tradeInSlot("SIMULATED-T00000001-001", first + index));
    const purchases = slots.filter((trade) => trade?.kind === "purchase");
    const day = dayTotals("SIMULATED-T00000001-001", first * slotMs, (first + 288) * slotMs);
    expect(day.purchases_count).toBe(purchases.length);
    expect(day.purchases_amount).toBe(
      purchases.reduce((all, trade) => all + (trade ? trade.amount + trade.tip : 0), 0),
    );
    expect(day.purchases_count).toBeGreaterThan(90);
    expect(day.reversals_count).toBeGreaterThan(0);
    expect(day.tip_amount).toBeGreaterThan(0);
  });

  test("leaves what happens at the very instant of its end to the next one", () => {
    const first = Math.floor(morning / slotMs);
    const slots = Array.from({ length: 50 }, (_, index) => tradeInSlot("SIMULATED-T00000001-001", first + index));
    const at = slots.find((trade) => trade?.kind === "purchase")?.at ?? Number.NaN;
    expect(dayTotals("SIMULATED-T00000001-001", at - 1, at).purchases_count).toBe(0);
    expect(dayTotals("SIMULATED-T00000001-001", at, at + 1).purchases_count).toBe(1);
  });

  test("is the same for the same serial number and another for another", () => {
    const [one, same, other] = ["001", "001", "002"].map((number) =>
      dayTotals(`SIMULATED-T00000001-${number}`, morning, morning + dayMs),
    );
    expect(one).toEqual(same);
    expect(one).not.toEqual(other);
  });
});

describe("closing the day", () => {
  test("counts every purchase exactly once over any sequence of closes, also when the clock is set back", () => {
    const steps = fc.array(fc.integer({ min: -2 * slotMs, max: 40 * slotMs }), { maxLength: 20 });
    fc.assert(
      fc.property(serial, steps, (serialNumber, pauses) => {
        let state = newTerminalState(morning);
        const start = Date.parse(state.start_of_day_at);
        let now = morning;
        const days = pauses.map((pause) => {
          now += pause;
          const closed = closeDay(serialNumber, state, now);
          // The state as it is read from the file after a restart.
          state = structuredClone(closed.state);
          return closed.result;
        });
        const whole = dayTotals(serialNumber, start, Date.parse(state.start_of_day_at));
        expect(sum(days.map(totalsOf))).toEqual(whole);
        expect(new Set(days.map((day) => day.batch_id)).size).toBe(days.length);
        for (const [index, day] of days.entries()) {
          expect(day.start_of_day_at).toBe(days[index - 1]?.last_end_of_day_at ?? new Date(start).toISOString());
        }
      }),
    );
  });

  test("begins with a day of nine hours; a second close at once gives zeros and a new batch", () => {
    const first = closeDay("SIMULATED-T00000001-001", newTerminalState(morning), morning);
    expect(first.result.start_of_day_at).toBe("2026-06-28T23:00:00.000Z");
    expect(first.result.purchases_count).toBeGreaterThan(0);
    const second = closeDay("SIMULATED-T00000001-001", first.state, morning);
    expect(totalsOf(second.result)).toEqual(dayTotals("nothing", 0, 0));
    expect(second.result.batch_id).not.toBe(first.result.batch_id);
  });
});

function totalsOf(day: DayTotals): DayTotals {
  const { purchases_count, purchases_amount, reversals_count, reversals_amount, tip_amount, sale_amount } = day;
  return { purchases_count, purchases_amount, reversals_count, reversals_amount, tip_amount, sale_amount };
}

describe("the open batch", () => {
  test("is what a close at that instant has, in whichever steps it is counted, also when the clock is set back", () => {
    const steps = fc.array(fc.integer({ min: -2 * slotMs, max: dayMs / 4 }), { maxLength: 12 });
    fc.assert(
      fc.property(serial, steps, (serialNumber, pauses) => {
        const trade = new TradeCounter(serialNumber);
        let now = morning;
        for (const pause of pauses) {
          now = Math.max(morning, now + pause);
          const { oldestMs, ...totals } = trade.between(morning, now);
          expect(totals).toEqual(dayTotals(serialNumber, morning, now));
          const count = totals.purchases_count + totals.reversals_count;
          expect(oldestMs === undefined).toBe(count === 0);
          if (oldestMs === undefined) continue;
          const before = dayTotals(serialNumber, morning, oldestMs);
          expect(before.purchases_count + before.reversals_count).toBe(0);
          expect(dayTotals(serialNumber, morning, oldestMs + 1)).not.toEqual(before);
        }
        expect(trade.between(now, now)).toMatchObject({ purchases_count: 0, reversals_count: 0, oldestMs: undefined });
      }),
    );
  });
});
