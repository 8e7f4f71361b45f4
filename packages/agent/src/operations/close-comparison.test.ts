import { describe, expect, test, vi } from "vitest";
import { type Closed, closed, outOfStep, type Run, terminalWith } from "../../test/support/closing-terminal.ts";
import { command } from "../../test/support/commands.ts";
import { close } from "../../test/support/entries.ts";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { gatedJournal } from "../../test/support/gated-journal.ts";
import { noon, runnerRig } from "../../test/support/runner-rig.ts";
import { turn } from "../../test/support/turn.ts";
import { memoryJournal } from "../memory/journal.ts";
import type { LastBatch, OperationHandler } from "./operation.ts";

type Open = OperationHandler<"open_menu">["run"];

describe("before the comparison with what the server holds", () => {
  function waiting(named?: { batch: LastBatch | undefined }) {
    const compared = Promise.withResolvers<void>();
    const isDone = vi.fn<() => boolean>(() => false);
    const comparison = { isDone, isOldCopy: () => false, done: () => compared.promise };
    const run = vi.fn<Run>().mockResolvedValue(closed("1"));
    const open = vi.fn<Open>().mockResolvedValue({ status: "COMPLETED", result: { opened: true } });
    const handlers = {
      open_menu: { run: open },
      end_of_day: { run, ...(named && { lastBatch: async () => named.batch }) },
    };
    const rig = runnerRig(handlers, memoryJournal(undefined), { comparison, clock: new FakeClock(noon) });
    const compare = () => {
      isDone.mockReturnValue(true);
      compared.resolve();
    };
    return { ...rig, run, open, compare };
  }
  const order = (change = {}) => command(noon, { operation: "end_of_day", previous_close: null, ...change }, 180_000);

  test("no close begins; then it does, and nobody else has waited for it", async () => {
    const rig = waiting();
    const once = order();
    rig.runner.take(once);
    rig.runner.take(command(noon));
    await rig.answered(1);
    rig.clock.advance(60_000);
    await turn();
    expect([rig.said, rig.run.mock.calls.length]).toEqual([["delivered", "result"], 0]);
    expect(rig.results[0]).toMatchObject({ operation: "open_menu", number: 1 });
    expect(rig.runner.operations()).toEqual([{ operation_id: once.operation_id, phase: "delivered" }]);
    rig.compare();
    await rig.answered(2);
    expect(rig.results[1]).toMatchObject({ ...closed("1"), number: 2 });
  });

  test("none is said to have expired: it may have been done in a life that the journal lacks", async () => {
    const rig = waiting();
    rig.runner.take(order());
    await turn();
    rig.clock.advance(180_000);
    await turn();
    expect(rig.results).toEqual([]);
    rig.compare();
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ reason: "expired" });
    expect(rig.run).not.toHaveBeenCalled();
  });

  test.each([
    ["after its command", true, true],
    ["before its command", true, false],
    ["without its command", false, false],
  ])("none is given up that is cancelled %s; then it is, once, and never begun", async (_, comes, isFirst) => {
    const rig = waiting();
    const once = order();
    if (isFirst) rig.runner.take(once);
    rig.runner.cancel(once);
    rig.runner.cancel(once);
    const other = command(noon);
    rig.runner.cancel(other);
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ operation_id: other.operation_id, reason: "cancelled" });
    if (comes && !isFirst) rig.runner.take(once);
    await turn();
    expect(rig.results).toHaveLength(1);
    rig.compare();
    await rig.answered(2);
    expect(rig.results[1]).toMatchObject({ number: 2, operation_id: once.operation_id, reason: "cancelled" });
    expect(rig.results[1]?.origin).toEqual(once.origin);
    rig.runner.take(once);
    expect(rig.results[2]).toEqual(rig.results[1]);
    await turn();
    expect([rig.run.mock.calls.length, rig.runner.idle]).toEqual([0, true]);
  });

  test("one that is cancelled before its command came waits like any other: each copy of its command is told so", async () => {
    const rig = waiting();
    const once = order();
    rig.runner.cancel(once);
    await turn();
    expect(rig.runner.operations()).toEqual([]);
    rig.runner.take(once);
    const [first] = rig.delivered;
    rig.clock.advance(1_000);
    rig.runner.take(once);
    rig.runner.cancel(once);
    expect(rig.delivered).toEqual([first, first]);
    expect(first).toEqual({ operation_id: once.operation_id, received_at: new Date(noon).toISOString() });
    expect(rig.runner.operations()).toEqual([{ operation_id: once.operation_id, phase: "delivered" }]);
    rig.compare();
    await rig.answered(1);
    expect([rig.said.slice(-1), rig.results[0]?.reason]).toEqual([["result"], "cancelled"]);
  });

  test.each(["stop", "kill"] as const)("what waits for it does not hold up a %s", async (end) => {
    const rig = waiting();
    rig.runner.take(order());
    rig.runner.cancel(order());
    await turn();
    await rig.runner[end]();
    rig.compare();
    await turn();
    expect([rig.results, rig.run.mock.calls.length, rig.clock.timers]).toEqual([[], 0, 0]);
  });

  test("it does not begin either when that turns out to be wrong while it is written down", async () => {
    const gate = gatedJournal("started");
    const isDone = vi.fn<() => boolean>(() => true);
    const run = vi.fn<Run>();
    const comparison = { isDone, isOldCopy: () => false, done: () => new Promise<never>(() => {}) };
    const rig = runnerRig({ end_of_day: { run } }, gate.journal, { comparison });
    rig.runner.take(order());
    await rig.until(() => expect(gate.heldBack).toBe(1));
    isDone.mockReturnValue(false);
    gate.letThrough();
    await rig.until(() => expect(rig.said).toEqual(["delivered"]));
    expect([rig.results, gate.journal.log.begun, run.mock.calls.length]).toEqual([[], [], 0]);
  });
});

test("what is written as begun, and not begun in fact, is named as waiting", async () => {
  const asked = Promise.withResolvers<LastBatch | undefined>();
  const lastBatch = vi.fn<() => Promise<LastBatch | undefined>>(async () => undefined);
  const run = vi.fn<Run>(async () => closed("1"));
  const rig = runnerRig({ end_of_day: { run, lastBatch } }, memoryJournal(undefined));
  const once = command(noon, { operation: "end_of_day", previous_close: null }, 180_000);
  lastBatch.mockResolvedValueOnce(undefined).mockReturnValueOnce(asked.promise);
  rig.runner.take(once);
  await rig.until(() => expect(rig.journal.log.begun).toHaveLength(1));
  expect(rig.runner.operations()).toEqual([{ operation_id: once.operation_id, phase: "delivered" }]);
  asked.resolve(undefined);
  await rig.until(() => expect(run).toHaveBeenCalledOnce());
});

test("nothing else is begun either once the journal was found to be an old copy", async () => {
  const isOldCopy = vi.fn<() => boolean>(() => false);
  const next = Promise.withResolvers<void>();
  const comparison = { isDone: () => false, isOldCopy, done: () => next.promise };
  const first = Promise.withResolvers<{ status: "COMPLETED"; result: { opened: true } }>();
  const menu = vi.fn<() => typeof first.promise>(() => first.promise);
  const rig = runnerRig({ open_menu: { run: menu } }, memoryJournal(undefined), { comparison });
  rig.runner.take(command(noon));
  rig.runner.take(command(noon));
  await rig.until(() => expect(menu).toHaveBeenCalledOnce());
  isOldCopy.mockReturnValue(true);
  rig.runner.take(command(noon));
  first.resolve({ status: "COMPLETED", result: { opened: true } });
  await rig.answered(1);
  await turn();
  expect(menu).toHaveBeenCalledOnce();
  // At another address.
  isOldCopy.mockReturnValue(false);
  next.resolve();
  await rig.answered(3);
  expect(menu).toHaveBeenCalledTimes(3);
});

describe("a close that is cancelled before it is begun", () => {
  const busy = { underWay: () => true, over: () => new Promise<never>(() => {}) };

  test("is given up only after the comparison that a beginning takes: out of step, it may have been begun", async () => {
    const named = { batch: { batch_id: "7" } as LastBatch | undefined };
    const handlers = { end_of_day: { run: vi.fn<Run>(), lastBatch: async () => named.batch } };
    const rig = runnerRig(handlers, memoryJournal(undefined), { payments: busy });
    const once = command(noon, { operation: "end_of_day", previous_close: null, when_busy: "wait" }, 180_000);
    rig.runner.take(once);
    await turn();
    rig.runner.cancel(once);
    await rig.answered(2);
    const [byHand, told] = rig.results;
    expect(byHand).toMatchObject({ number: 1, by_hand: true });
    expect(told).toMatchObject({ ...outOfStep, operation_id: once.operation_id, last_close: byHand?.operation_id });
  });

  test("and before its command came: the same", async () => {
    const first = close("1", { origin: { request: "r", signed: "s" } });
    const rig = await terminalWith([first], { batch: { batch_id: "2" } });
    const order = (change: object) =>
      command(noon, { operation: "end_of_day", previous_close: null, ...change }, 180_000);
    const inStep = () => order({ previous_close: rig.journal.log.lastClose });
    rig.runner.cancel(order({ origin: { request: "r", signed: "t" } }));
    await rig.answered(1);
    rig.runner.cancel(inStep());
    await rig.answered(3);
    rig.runner.cancel(inStep());
    await rig.answered(4);
    expect(rig.results).toMatchObject([
      { repeats: first.operation_id, status: "COMPLETED" },
      { by_hand: true },
      { ...outOfStep, last_close: rig.journal.log.lastClose },
      { reason: "cancelled" },
    ]);
    expect(rig.run).not.toHaveBeenCalled();
  });

  test("gets the result of its request, where that is known", async () => {
    const first = close("1", { origin: { request: "r", signed: "s" } });
    const rig = await terminalWith([first]);
    const finish = Promise.withResolvers<Closed>();
    rig.run.mockImplementation(() => finish.promise);
    rig.order(first.operation_id);
    await rig.until(() => expect(rig.started).toHaveLength(1));
    const again = rig.order(first.operation_id, { origin: { request: "r", signed: "t" } });
    rig.runner.cancel(again);
    finish.resolve(closed("2"));
    await rig.answered(2);
    expect(rig.results[1]).toMatchObject({ status: "COMPLETED", repeats: first.operation_id });
  });

  test("is compared after the one that runs", async () => {
    const rig = await terminalWith();
    const finish = Promise.withResolvers<Closed>();
    rig.run.mockImplementation(() => finish.promise);
    const first = rig.order(null);
    await rig.until(() => expect(rig.started).toHaveLength(1));
    const second = rig.order(null);
    rig.runner.cancel(second);
    await turn();
    expect(rig.results).toEqual([]);
    finish.resolve(closed("1"));
    await rig.answered(2);
    expect(rig.results[1]).toMatchObject({ ...outOfStep, last_close: first.operation_id });
    expect(rig.run).toHaveBeenCalledOnce();
  });

  test("while it is written as begun is given up in that write, or right after it", async () => {
    const gate = gatedJournal("started");
    const rig = await terminalWith([], undefined, gate.journal);
    const first = rig.order(null);
    await rig.until(() => expect(gate.heldBack).toBe(1));
    rig.runner.cancel(first);
    gate.letThrough();
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ number: 1, reason: "cancelled", operation_id: first.operation_id });
    expect([rig.journal.log.begun, rig.run.mock.calls.length]).toEqual([[], 0]);
  });
});
