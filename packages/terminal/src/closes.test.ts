import { describe, expect, test, vi } from "vitest";
import { command } from "../test/support/commands.ts";
import { begun, close, result } from "../test/support/entries.ts";
import { FakeClock } from "../test/support/fake-clock.ts";
import { gatedJournal } from "../test/support/gated-journal.ts";
import { noon, runnerRig } from "../test/support/runner-rig.ts";
import { turn } from "../test/support/turn.ts";
import { type Journal, memoryJournal } from "./journal.ts";
import type { CloseHandler, LastBatch } from "./operation.ts";
import type { ReportedResult } from "./outcome.ts";
import { emptyLog } from "./result-log.ts";

type Run = CloseHandler["run"];
type Close = Awaited<ReturnType<Run>>;

const at = (ms: number) => new Date(noon + ms).toISOString();
const closed = (batch_id: string): Close => ({ status: "COMPLETED", result: { outcome: "accepted", batch_id } });
const outOfStep = { status: "FAILED", reason: "out_of_step" } as const;

/** A terminal with results behind it, which names its last batch if `named` is there. */
async function terminalWith(
  results: ReportedResult[] = [],
  named?: { batch: LastBatch | undefined },
  journal: Journal = memoryJournal(undefined),
) {
  if (results.length > 0) await journal.write(() => ({ results }));
  const run = vi.fn<Run>().mockImplementation(async () => {
    if (named) named.batch = { batch_id: "new" };
    return closed("new");
  });
  const lastBatch = vi.fn<NonNullable<CloseHandler["lastBatch"]>>(async () => named?.batch);
  const rig = runnerRig({ end_of_day: { run, ...(named && { lastBatch }) } }, journal);
  const order = (previous_close: string | null, change = {}) => {
    const message = command(noon, { operation: "end_of_day", previous_close, ...change }, 180_000);
    rig.runner.take(message);
    return message;
  };
  return { ...rig, run, lastBatch, order };
}

describe("a close begins", () => {
  test("if what it was accepted after is the last close of the log, and as the first", async () => {
    const [first, second] = [close("1"), close("2")];
    const before = await terminalWith([first, result(), second, result()]);
    before.order(second.operation_id);
    await before.answered(1);
    expect(before.results[0]).toMatchObject({ number: 5, status: "COMPLETED" });
    const none = await terminalWith([result(), close("0", { result: { outcome: "declined", batch_id: "0" } })]);
    none.order(null);
    await none.answered(1);
    expect(none.results[0]).toMatchObject({ number: 3, status: "COMPLETED" });
  });

  test("and brings its origin back, also over a crash", async () => {
    const rig = await terminalWith();
    const { origin } = rig.order(null);
    await rig.answered(1);
    expect(rig.results[0]?.origin).toEqual(origin);
    const journal = memoryJournal(undefined);
    const stuck = runnerRig({ end_of_day: { run: () => new Promise<never>(() => {}) } }, journal);
    const other = command(noon, { operation: "end_of_day", previous_close: null });
    stuck.runner.take(other);
    await stuck.until(() => expect(stuck.started).toHaveLength(1));
    await stuck.runner.kill();
    const after = runnerRig({}, journal);
    after.runner.restore();
    await after.answered(1);
    expect(after.results[0]).toMatchObject({ number: 1, origin: other.origin });
  });

  test.each([
    ["none", null],
    ["one before the last", "first"],
    ["one that it does not know", "6c1f5c0e-0d63-4f4e-8f0e-0a3f1f1b2c3d"],
  ])("not after %s: out of step, naming the last", async (_, previous) => {
    const [first, second] = [close("1"), close("2")];
    const rig = await terminalWith([first, second]);
    rig.order(previous === "first" ? first.operation_id : previous);
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ ...outOfStep, number: 3, last_close: second.operation_id });
    expect(rig.results[0]).not.toHaveProperty("started_at");
    expect(rig.run).not.toHaveBeenCalled();
    // With that known, the next one is carried out.
    rig.order(second.operation_id);
    await rig.answered(2);
    expect(rig.results[1]).toMatchObject({ number: 4, status: "COMPLETED" });
  });

  test("not after a close that its log never had: out of step, and there is none", async () => {
    const rig = await terminalWith();
    rig.order(close("1").operation_id);
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ ...outOfStep, last_close: null });
  });

  test("not after a close whose end is unknown unless that is known; a close without that word counts as none", async () => {
    const unknown = close("1", { status: "FAILED", reason: "device_error", unknown_end: true, result: undefined });
    const rig = await terminalWith([unknown]);
    rig.order(null);
    rig.order(unknown.operation_id);
    await rig.answered(2);
    expect(rig.results).toMatchObject([{ last_close: unknown.operation_id }, { status: "COMPLETED" }]);
  });

  test("not while another is begun whose answer could not be written", async () => {
    const open = begun({ operation: "end_of_day" });
    const journal = memoryJournal(undefined, undefined, { ...emptyLog, begun: [open] });
    const rig = await terminalWith([], { batch: { batch_id: "1" } }, journal);
    rig.order(null);
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ ...outOfStep, last_close: open.operation_id });
    expect(journal.log.entries).toHaveLength(1);
  });

  test("after others were carried out in between, by the last of them", async () => {
    const rig = await terminalWith();
    const first = rig.order(null);
    rig.order(null);
    rig.order(first.operation_id);
    await rig.answered(3);
    expect(rig.results.map(({ status, reason, last_close }) => [status, reason, last_close])).toEqual([
      ["COMPLETED", undefined, undefined],
      ["FAILED", "out_of_step", first.operation_id],
      ["COMPLETED", undefined, undefined],
    ]);
  });
});

describe("what is known already", () => {
  test("an operation gets its result again, out of step or not", async () => {
    const rig = await terminalWith();
    const first = rig.order(null);
    const second = rig.order(null);
    await rig.answered(2);
    rig.runner.take(first);
    rig.runner.take(second);
    expect(rig.results.slice(2)).toEqual(rig.results.slice(0, 2));
    expect(rig.run).toHaveBeenCalledOnce();
  });

  test.each([
    ["was completed", null],
    ["was out of step", "6c1f5c0e-0d63-4f4e-8f0e-0a3f1f1b2c3d"],
  ])("a request that %s gets the result that it had, under a number of its own", async (_, previous) => {
    const rig = await terminalWith();
    const first = rig.order(previous);
    await rig.answered(1);
    const again = rig.order(null, { origin: { ...first.origin, signed: "again" } });
    await rig.answered(2);
    const { number: _n, started_at: _s, operation_id: _i, origin: _o, ...recorded } = rig.results[0] as ReportedResult;
    expect(rig.results[1]).toEqual({
      ...recorded,
      number: 2,
      operation_id: again.operation_id,
      origin: again.origin,
      repeats: first.operation_id,
    });
    const third = rig.order(again.operation_id, { origin: first.origin });
    await rig.answered(3);
    expect(rig.results[2]).toMatchObject({ operation_id: third.operation_id, repeats: first.operation_id });
    expect(rig.run).toHaveBeenCalledTimes(previous === null ? 1 : 0);
    // A repetition is no close.
    expect(rig.journal.log.lastClose).toBe(previous === null ? first.operation_id : undefined);
  });

  test("a request whose close is in line before it is not carried out a second time", async () => {
    const rig = await terminalWith();
    const first = rig.order(null);
    rig.order(null, { origin: first.origin });
    await rig.answered(2);
    expect(rig.results[1]).toMatchObject({ status: "COMPLETED", repeats: first.operation_id });
    expect(rig.run).toHaveBeenCalledOnce();
  });

  test("a request is answered in the middle of a payment, too, and without asking the terminal", async () => {
    const journal = memoryJournal(undefined);
    const known = close("1", { origin: { request: "r", signed: "s" } });
    await journal.write(() => ({ results: [known] }));
    const lastBatch = vi.fn<NonNullable<CloseHandler["lastBatch"]>>();
    const run = vi.fn<Run>();
    const payments = { underWay: () => true, over: () => Promise.resolve() };
    const rig = runnerRig({ end_of_day: { run, lastBatch } }, journal, { payments });
    rig.runner.take(command(noon, { operation: "end_of_day", origin: { request: "r", signed: "t" } }));
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ status: "COMPLETED", repeats: known.operation_id });
    expect(lastBatch).not.toHaveBeenCalled();
  });

  test("other operations are not asked for their request: they may be repeated", async () => {
    const run = vi.fn(async () => ({ status: "COMPLETED", result: { opened: true } }) as const);
    const rig = runnerRig({ open_menu: { run } }, memoryJournal(undefined));
    const first = command(noon);
    rig.runner.take(first);
    rig.runner.take(command(noon, { origin: first.origin }));
    await rig.answered(2);
    expect(run).toHaveBeenCalledTimes(2);
  });
});

describe("a terminal that names its last batch", () => {
  test("writes a close by hand first, in the write that begins; the next close knows of it", async () => {
    const gate = gatedJournal();
    const named = { batch: { batch_id: "7", closed_at: at(-5000), purchases_count: 3 } as LastBatch | undefined };
    const rig = await terminalWith([], named, gate.journal);
    rig.order(null);
    await rig.answered(2);
    const [byHand, refused] = rig.results;
    expect(byHand).toEqual({
      number: 1,
      operation_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      operation: "end_of_day",
      status: "COMPLETED",
      finished_at: at(-5000),
      result: { outcome: "unconfirmed", batch_id: "7", purchases_count: 3 },
      by_hand: true,
    });
    expect(refused).toMatchObject({ ...outOfStep, number: 2, last_close: byHand?.operation_id });
    expect([gate.written, rig.run.mock.calls.length]).toEqual([["answered"], 0]);
    rig.order(byHand?.operation_id ?? null);
    await rig.answered(3);
    expect(rig.results[2]).toMatchObject({ number: 3, ...closed("new") });
    // The terminal names what it has just closed, and that is in the log.
    await rig.closes.look();
    expect(rig.journal.log.entries).toHaveLength(3);
  });

  test("is asked for nothing where the log has its batch, or there was none", async () => {
    const named: { batch: LastBatch | undefined } = { batch: undefined };
    const rig = await terminalWith([], named);
    await rig.closes.look();
    rig.order(null);
    await rig.answered(1);
    await rig.closes.look();
    expect(rig.results).toMatchObject([{ number: 1, ...closed("new") }]);
    expect(rig.journal.log.entries).toHaveLength(1);
  });

  test("tells of a close by hand once, by itself, with what is known of it", async () => {
    const named = { batch: { batch_id: "7", outcome: "accepted" } as LastBatch | undefined };
    const rig = await terminalWith([close("6")], named);
    await rig.closes.look();
    await rig.closes.look();
    expect(rig.results).toMatchObject([
      { number: 2, by_hand: true, finished_at: at(0), result: { outcome: "accepted", batch_id: "7" } },
    ]);
  });

  test("is not asked while a close runs, and then it has closed what is in the log", async () => {
    const named = { batch: { batch_id: "6" } as LastBatch | undefined };
    const rig = await terminalWith([close("6")], named);
    const finish = Promise.withResolvers<Close>();
    rig.run.mockImplementation(() => finish.promise);
    rig.order(rig.journal.log.lastClose ?? null);
    await rig.until(() => expect(rig.started).toHaveLength(1));
    named.batch = { batch_id: "7" };
    await rig.closes.look();
    finish.resolve(closed("7"));
    await rig.answered(1);
    await rig.closes.look();
    expect(rig.journal.log.entries.map(({ by_hand }) => by_hand)).toEqual([undefined, undefined]);
  });

  test("nothing comes between the comparison and the beginning: a look waits for it", async () => {
    const gate = gatedJournal("started");
    const named: { batch: LastBatch | undefined } = { batch: undefined };
    const rig = await terminalWith([], named, gate.journal);
    rig.order(null);
    await rig.until(() => expect(gate.heldBack).toBe(1));
    named.batch = { batch_id: "7" };
    const look = rig.closes.look();
    await turn();
    expect(rig.lastBatch).toHaveBeenCalledOnce();
    gate.letThrough();
    await look;
    await rig.answered(1);
    expect(gate.written).toEqual(["started", "answered"]);
    expect(rig.journal.log.entries).toHaveLength(1);
  });

  test.each([
    ["does not answer", () => Promise.reject(new Error("no connection"))],
    ["names no batch", () => Promise.resolve({ batch_id: "x".repeat(65) })],
    ["names what cannot be told", () => Promise.resolve({ batch_id: "1", closed_at: "yesterday" })],
    ["names what was declined", () => Promise.resolve({ batch_id: "1", outcome: "declined" as const })],
  ])("and %s begins no close", async (_, answer) => {
    const rig = await terminalWith([], { batch: undefined });
    rig.lastBatch.mockImplementation(answer);
    rig.order(null);
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({
      number: 1,
      status: "FAILED",
      reason: "device_error",
      error: { code: "last_batch_unknown" },
    });
    expect(rig.results[0]).not.toHaveProperty("unknown_end");
    expect(rig.run).not.toHaveBeenCalled();
    await rig.closes.look();
    expect(rig.journal.log.entries).toHaveLength(1);
  });

  test("and hangs is given five seconds, and holds up nothing when the agent stops", async () => {
    const rig = await terminalWith([], { batch: undefined });
    rig.lastBatch.mockImplementation(() => new Promise(() => {}));
    rig.order(null);
    await rig.until(() => expect(rig.lastBatch).toHaveBeenCalledOnce());
    rig.clock.advance(5000);
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ error: { code: "last_batch_unknown" } });
    rig.order(null);
    await rig.until(() => expect(rig.lastBatch).toHaveBeenCalledTimes(2));
    await rig.runner.stop();
    expect([rig.results.length, rig.clock.timers]).toEqual([1, 0]);
  });

  test("is asked at the start and every minute, until the end", async () => {
    const rig = await terminalWith([], { batch: undefined });
    rig.closes.watch();
    await turn();
    for (let minute = 0; minute < 3; minute += 1) {
      rig.clock.advance(60_000);
      await turn();
    }
    expect(rig.lastBatch).toHaveBeenCalledTimes(4);
    await rig.runner.stop();
    expect(rig.clock.timers).toBe(0);
    const nameless = await terminalWith();
    nameless.closes.watch();
    expect([nameless.closes.look(), nameless.clock.timers]).toEqual([undefined, 0]);
  });

  test("after a close with an unknown end counts its batch as that one's, whether it was closed or not", async () => {
    for (const batch_id of ["6", "7"]) {
      const named = { batch: { batch_id } as LastBatch | undefined };
      const rig = await terminalWith([close("6")], named);
      rig.run.mockImplementation(async () => {
        throw new Error("paper jam");
      });
      const broken = rig.order(rig.journal.log.lastClose ?? null);
      // Before it the last batch is 6; then nobody knows.
      named.batch = { batch_id: "6" };
      rig.run.mockImplementation(async () => {
        named.batch = { batch_id };
        throw new Error("paper jam");
      });
      await rig.answered(1);
      expect(rig.results[0]).toMatchObject({ error: { code: "handler_failed" }, unknown_end: true });
      await rig.closes.look();
      expect(rig.journal.log.entries).toHaveLength(2);
      named.batch = { batch_id: "8" };
      await rig.closes.look();
      expect(rig.journal.log.entries[2]).toMatchObject({ by_hand: true, result: { batch_id: "8" } });
      expect(broken.operation_id).toBe(rig.results[0]?.operation_id);
    }
  });
});

describe("a close whose end is unknown", () => {
  test("is what a handler leaves that throws, or answers nonsense; other operations just fail", async () => {
    const rig = await terminalWith();
    rig.run.mockRejectedValueOnce(new Error("paper jam"));
    const first = rig.order(null);
    await rig.answered(1);
    rig.run.mockResolvedValueOnce({ status: "COMPLETED", result: { outcome: "perhaps", batch_id: "1" } as never });
    rig.order(first.operation_id);
    await rig.answered(2);
    expect(rig.results).toMatchObject([
      { reason: "device_error", error: { code: "handler_failed" }, unknown_end: true },
      { reason: "device_error", error: { code: "invalid_result" }, unknown_end: true },
    ]);
    const other = runnerRig(
      { open_menu: { run: () => Promise.reject(new Error("paper jam")) } },
      memoryJournal(undefined),
    );
    other.runner.take(command(noon));
    await other.answered(1);
    expect(other.results[0]).not.toHaveProperty("unknown_end");
  });

  test("is not what a handler says that failed, nor one with a figure that cannot be", async () => {
    const rig = await terminalWith();
    rig.run.mockResolvedValueOnce({ status: "FAILED", reason: "host_unreachable" });
    rig.order(null);
    rig.run.mockResolvedValueOnce({
      status: "COMPLETED",
      result: { outcome: "accepted", batch_id: "1", purchases_count: -1 },
    });
    rig.order(null);
    await rig.answered(2);
    expect(rig.results[0]).not.toHaveProperty("unknown_end");
    expect(rig.results[1]).toMatchObject({ status: "COMPLETED", result: { batch_id: "1", purchases_count: -1 } });
  });

  test("may be what a handler says: it knows that it does not know", async () => {
    const rig = await terminalWith();
    rig.run.mockResolvedValueOnce({ status: "FAILED", reason: "host_unreachable", unknown_end: true });
    const first = rig.order(null);
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ reason: "host_unreachable", unknown_end: true });
    expect(rig.journal.log.lastClose).toBe(first.operation_id);
  });

  test("is told without a number when the journal cannot take it, and written when there is room", async () => {
    const memory = memoryJournal(undefined);
    let full = false;
    const journal: Journal = {
      ...memory,
      state: undefined,
      write: (decide) => (full ? Promise.reject(new Error("disk full")) : memory.write(decide)),
    };
    const rig = await terminalWith([], undefined, journal);
    rig.run.mockImplementation(async () => {
      full = true;
      return closed("1");
    });
    const first = rig.order(null);
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ reason: "storage_failed", unknown_end: true, started_at: at(0) });
    expect(rig.results[0]).not.toHaveProperty("number");
    rig.runner.take(first);
    expect(rig.results[1]).toEqual(rig.results[0]);
    expect([rig.runner.operations(), memory.log.lastClose]).toEqual([[], first.operation_id]);
    await rig.answers.writeAgain();
    expect(memory.log.entries).toEqual([]);
    full = false;
    await Promise.all([rig.answers.writeAgain(), rig.answers.writeAgain()]);
    expect(memory.log.entries).toEqual([{ ...rig.results[0], number: 1 }]);
    expect(rig.results[2]).toEqual(memory.log.entries[0]);
  });
});

describe("before the comparison with what the server holds", () => {
  function waiting() {
    const compared = Promise.withResolvers<void>();
    const comparison = { isDone: vi.fn<() => boolean>(() => false), done: () => compared.promise };
    const run = vi.fn<Run>().mockResolvedValue(closed("1"));
    const clock = new FakeClock(noon);
    const rig = runnerRig({ end_of_day: { run } }, memoryJournal(undefined), { comparison, clock });
    return { ...rig, run, comparison, compared };
  }

  test("no close begins; then it does", async () => {
    const rig = waiting();
    rig.runner.take(command(noon, { operation: "end_of_day", previous_close: null }, 180_000));
    await turn();
    rig.clock.advance(60_000);
    await turn();
    expect([rig.said, rig.run.mock.calls.length]).toEqual([["delivered"], 0]);
    rig.comparison.isDone.mockReturnValue(true);
    rig.compared.resolve();
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject(closed("1"));
  });

  test("it ends with its time, and with its cancellation", async () => {
    const rig = waiting();
    rig.runner.take(command(noon, { operation: "end_of_day" }, 180_000));
    await turn();
    rig.clock.advance(180_000);
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ reason: "expired" });
    const next = command(rig.clock.now(), { operation: "end_of_day" }, 180_000);
    rig.runner.take(next);
    await turn();
    rig.runner.cancel(next);
    await rig.answered(2);
    expect(rig.results[1]).toMatchObject({ number: 2, reason: "cancelled" });
    await turn();
    expect([rig.run.mock.calls.length, rig.clock.timers]).toEqual([0, 0]);
  });

  test("it does not begin either when that turns out to be wrong while it is written down", async () => {
    const gate = gatedJournal("started");
    const isDone = vi.fn<() => boolean>(() => true);
    const run = vi.fn<Run>();
    const comparison = { isDone, done: () => Promise.resolve() };
    const rig = runnerRig({ end_of_day: { run } }, gate.journal, { comparison });
    rig.runner.take(command(noon, { operation: "end_of_day" }));
    await rig.until(() => expect(gate.heldBack).toBe(1));
    isDone.mockReturnValue(false);
    gate.letThrough();
    await rig.answered(1);
    expect([rig.results[0]?.reason, gate.journal.log.begun, run.mock.calls.length]).toEqual(["expired", [], 0]);
  });
});
