import { memoryJournal } from "@tillkeeper/agent/memory/journal";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { begun, result } from "../../../agent/test/support/entries.ts";
import { newTerminalState } from "../virtual/state.ts";
import { openBatchOf } from "../virtual/telemetry.ts";
import type { PlannedPayment } from "./plan.ts";
import { emptyBatch, observedJournal, type SimulatedState } from "./simulated-state.ts";
import { closeBatch, Till, withSale } from "./till.ts";

const at = "2026-06-29T09:00:00.000Z";

const anyPayment = fc.record({
  kind: fc.constant("payment" as const),
  type: fc.constantFrom("purchase" as const, "purchase" as const, "reversal" as const),
  amount: fc.integer({ min: 1, max: 200_000 }),
  tip: fc.integer({ min: 0, max: 5000 }),
  takesMs: fc.constant(1),
}) satisfies fc.Arbitrary<PlannedPayment>;

const steps = fc.oneof(
  { weight: 6, arbitrary: anyPayment },
  { weight: 1, arbitrary: fc.constant("close" as const) },
  { weight: 1, arbitrary: fc.constant("lose power" as const) },
);

function newState(): SimulatedState {
  return { ...newTerminalState(0), open_batch: emptyBatch() };
}

describe("the till", () => {
  test("closes and the open batch add up to the payments that were completed, whatever happens in between", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 200 }), (script) => {
        const till = new Till();
        let state = newState();
        const closes: ReturnType<typeof closeBatch>["totals"][] = [];
        const done: PlannedPayment[] = [];
        for (const step of script) {
          if (step === "close") {
            const { oldest_at: oldestAt, ...sums } = state.open_batch;
            const told = openBatchOf(withSale(sums), oldestAt);
            const closed = closeBatch(state, { ...state, batch_number: state.batch_number + 1 });
            closes.push(closed.totals);
            const count = closed.totals.purchases_count + closed.totals.reversals_count;
            const figures = { oldest_at: at, currencies: [{ currency: "NOK", ...closed.totals }] };
            expect(told).toEqual({ transactions_count: count, ...(count > 0 && figures) });
            state = closed.state;
          } else if (step === "lose power") {
            const paying = till.begin({ kind: "payment", type: "purchase", amount: 1, tip: 0, takesMs: 1 });
            till.losePower();
            expect(paying && till.complete(paying, state.open_batch, at)).toBe(false);
          } else {
            const paying = till.begin(step);
            expect(paying && till.complete(paying, state.open_batch, at)).toBe(true);
            done.push(step);
          }
        }
        const { totals: open } = closeBatch(state, state);
        const total = (key: keyof typeof open) => [...closes, open].reduce((before, batch) => before + batch[key], 0);
        const purchases = done.filter(({ type }) => type === "purchase");
        const reversals = done.filter(({ type }) => type === "reversal");
        expect(total("purchases_count")).toBe(purchases.length);
        expect(total("reversals_count")).toBe(reversals.length);
        expect(total("sale_amount")).toBe(sum(purchases) - sum(reversals));
        expect(total("purchases_amount") - total("tip_amount")).toBe(sum(purchases));
      }),
    );
  });

  test("takes one payment at a time, and none while the day is being closed", async () => {
    const till = new Till();
    const payment: PlannedPayment = { kind: "payment", type: "purchase", amount: 100, tip: 0, takesMs: 1 };
    const paying = till.begin(payment);
    if (!paying) throw new Error("a free till takes a payment");
    expect(till.begin(payment)).toBeUndefined();
    expect(till.underWay()).toBe(true);
    const over = till.over(new AbortController().signal);
    const { open_batch: batch } = newState();
    expect(till.complete(paying, batch, at)).toBe(true);
    await over;
    expect(batch).toMatchObject({ purchases_count: 1, oldest_at: at });
    till.shutFor("a");
    expect(till.begin(payment)).toBeUndefined();
    till.openAfter("b");
    expect(till.begin(payment)).toBeUndefined();
    till.openAfter("a");
    expect(till.begin(payment)).toBeDefined();
  });

  test("nobody waits for its end who gave up", async () => {
    const till = new Till();
    till.begin({ kind: "payment", type: "purchase", amount: 100, tip: 0, takesMs: 1 });
    const waiting = new AbortController();
    const over = till.over(waiting.signal);
    waiting.abort();
    await over;
    expect(till.underWay()).toBe(true);
  });
});

test("a watched journal tells of each change once it is written, and of one that could not be", async () => {
  const wrote: string[] = [];
  const inner = memoryJournal(newState());
  const change = { begun: begun({ operation_id: "a" }) };
  const unreceipted: number[] = [];
  const watching = (tell: () => string) => ({
    wrote: () => void wrote.push(tell()),
    unreceipted: (count: number) => void unreceipted.push(count),
  });
  const journal = observedJournal(
    inner,
    watching(() => `${inner.log.begun.length} begun`),
  );
  await journal.write(() => change);
  const full: typeof inner.write = async (decide) => {
    decide(inner.log);
    throw new Error("full");
  };
  const failing = observedJournal(
    { ...inner, write: full },
    watching(() => "failed"),
  );
  await expect(failing.write(() => change)).rejects.toThrow("full");
  expect(wrote).toEqual(["1 begun", "failed"]);
  await journal.write(() => ({ results: [result({ operation_id: "a" }), result()] }));
  journal.hold(1);
  expect(unreceipted).toEqual([0, 0, 2, 1]);
  inner.state.open_batch.purchases_count = 7;
  expect(journal.state.open_batch.purchases_count).toBe(7);
});

function sum(payments: PlannedPayment[]): number {
  return payments.reduce((total, { amount }) => total + amount, 0);
}
