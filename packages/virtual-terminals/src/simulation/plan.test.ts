import { describe, expect, test } from "vitest";
import { allFaults, mildFaults, noFaults, readFaultMix } from "./fault-mix.ts";
import { type PlannedEvent, type PlanOptions, planOf } from "./plan.ts";
import { profileOf } from "./terminal-profile.ts";
import { dayMs, hourMs, tradingHours } from "./trading-hours.ts";

const options: PlanOptions = {
  seed: "a",
  number: 7,
  store: 2,
  paymentsPerHour: 20,
  faults: allFaults,
  fromMs: 9 * hourMs,
};

function until(endMs: number, changed: Partial<PlanOptions> = {}): PlannedEvent[] {
  const events: PlannedEvent[] = [];
  for (const event of planOf({ ...options, ...changed })) {
    if (event.at >= endMs) return events;
    events.push(event);
  }
  return events;
}

const kindsOf = (events: PlannedEvent[]) => new Set(events.map(({ kind }) => kind));

describe("the plan of a terminal", () => {
  test("is the same for the same seed and options, and another for another seed, number or store", () => {
    const plan = until(3 * dayMs);
    expect(plan.length).toBeGreaterThan(300);
    expect(until(3 * dayMs)).toEqual(plan);
    expect(until(3 * dayMs, { seed: "b" })).not.toEqual(plan);
    expect(until(3 * dayMs, { number: 8 })).not.toEqual(plan);
    expect(until(3 * dayMs, { store: 3 })).not.toEqual(plan);
  });

  test("is in order, and no payment begins during another", () => {
    const plan = until(10 * dayMs, { paymentsPerHour: 200 });
    const times = plan.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    let freeAt = 0;
    for (const event of plan) {
      if (event.kind !== "payment") continue;
      expect(event.at).toBeGreaterThanOrEqual(freeAt);
      freeAt = event.at + event.takesMs;
    }
  });

  test("has as many payments as asked for, all while the store is open", () => {
    const { opensAt, closesAt } = tradingHours(options.seed, options.store);
    const days = 200;
    const payments = until(days * dayMs, { faults: noFaults, fromMs: 0 });
    const hours = payments.map(({ at }) => (at % dayMs) / hourMs);
    expect(Math.min(...hours)).toBeGreaterThanOrEqual(opensAt);
    expect(Math.max(...hours)).toBeLessThan(closesAt);
    const perHour = payments.length / (days * (closesAt - opensAt));
    // A payment that waits for an earlier payment begins later than its rate alone says.
    expect(perHour).toBeGreaterThan(16);
    expect(perHour).toBeLessThan(20.5);
  });

  test("has each fault as often as asked for, without changing the others", () => {
    const days = 100;
    const restarts = until(days * dayMs, { faults: readFaultMix("restarts=0.5"), paymentsPerHour: 0 });
    expect(kindsOf(restarts)).toEqual(new Set(["restart"]));
    expect(restarts.length / (days * 24)).toBeCloseTo(0.5, 1);
    const everything = until(days * dayMs, { faults: { ...allFaults, restarts: 0.5 } });
    expect(everything.filter(({ kind }) => kind === "restart")).toEqual(restarts);
    expect(kindsOf(everything)).toEqual(
      new Set(["payment", "drop", "silent", "slow_link", "restart", "device_fault", "by_hand"]),
    );
    expect(until(days * dayMs, { faults: noFaults, paymentsPerHour: 0 })).toEqual([]);
  });
});

describe("the character of a terminal", () => {
  const origin = { seed: "a", number: 1, store: 1 };

  test("clocks are right without skew, and at most ten minutes off with it", () => {
    const clocks = (faults: typeof noFaults) =>
      Array.from({ length: 400 }, (_, number) => profileOf({ ...origin, number, faults }).clock);
    expect(new Set(clocks(noFaults).map(({ offMs }) => offMs))).toEqual(new Set([0]));
    const off = clocks({ ...noFaults, "clock-skew": 0.5 });
    expect(off.filter(({ offMs }) => offMs !== 0).length).toBeGreaterThan(150);
    expect(off.filter(({ drift }) => drift !== 0).length).toBeGreaterThan(20);
    for (const { offMs } of off) expect(Math.abs(offMs)).toBeLessThanOrEqual(600_000);
  });

  test("batteries drain while the store is open and are charged at night; rolls of paper run out and are replaced", () => {
    const { conditionAt } = profileOf({ ...origin, faults: noFaults });
    const { opensAt, closesAt } = tradingHours("a", 1);
    const at = (hour: number) => conditionAt(hour * hourMs, 0).battery ?? { percent: Number.NaN };
    expect(at(opensAt).percent).toBeGreaterThan(at(closesAt - 0.1).percent + 10);
    expect(at(closesAt - 0.1)).toMatchObject({ charging: false });
    expect(at(closesAt + 0.1)).toMatchObject({ charging: true });
    const printers = Array.from({ length: 320 }, (_, receipts) => conditionAt(0, receipts).printer);
    expect(new Set(printers)).toEqual(new Set(["ok", "paper_low", "paper_out"]));
    expect(printers.slice(160)).toEqual(printers.slice(0, 160));
  });

  test("the n-th operation has the same fate again, refused or slow as often as asked for", () => {
    const fates = (faults: typeof noFaults) => {
      const { faultOf } = profileOf({ ...origin, faults });
      return Array.from({ length: 1000 }, (_, operation) => faultOf(operation));
    };
    const drawn = fates(allFaults);
    expect(fates(allFaults)).toEqual(drawn);
    const refused = drawn.filter((fate) => fate !== undefined && fate !== "slow");
    expect(refused.length / 1000).toBeCloseTo(0.2, 1);
    expect(new Set(refused)).toEqual(new Set(["failure", "user_aborted", "host_unreachable"]));
    expect(drawn.filter((fate) => fate === "slow").length).toBeGreaterThan(100);
    expect(new Set(fates(noFaults))).toEqual(new Set([undefined]));
  });
});

describe("the mix of faults", () => {
  test("is read from names and rates; the last word counts", () => {
    expect(readFaultMix("none")).toEqual(noFaults);
    expect(readFaultMix("all")).toEqual(allFaults);
    expect(readFaultMix("all, bad-links=0.5")).toEqual({ ...allFaults, "bad-links": 0.5 });
    expect(readFaultMix("slow=1,refusals")).toEqual({ ...noFaults, slow: 1, refusals: allFaults.refusals });
    expect(mildFaults).not.toEqual(noFaults);
  });

  test.each([
    ["noise", /"noise" is no fault; there are all, none, bad-links,/],
    ["", /"" is no fault/],
    ["all=2", /"all" is no fault/],
    ["slow=2", /rate of slow is a number from 0 to 1\./],
    ["bad-links=-1", /rate of bad-links/],
    ["bad-links=", /rate of bad-links/],
    ["restarts=1=2", /more than one rate/],
    ["constructor", /is no fault/],
  ])("refuses %j", (text, message) => {
    expect(() => readFaultMix(text)).toThrow(message);
  });
});
