import { describe, expect, test, vi } from "vitest";
import { outOfStep, type Run, terminalWith } from "../../test/support/closing-terminal.ts";
import { command } from "../../test/support/commands.ts";
import { begun, close, result } from "../../test/support/entries.ts";
import { noon, runnerRig } from "../../test/support/runner-rig.ts";
import { memoryJournal } from "../memory/journal.ts";
import { emptyLog } from "../memory/result-log.ts";
import type { CloseHandler, OperationHandler } from "./operation.ts";
import type { ReportedResult } from "./outcome.ts";

type Open = OperationHandler<"open_menu">["run"];

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
    expect(rig.results[0]).toMatchObject(outOfStep);
    expect(rig.results[0]).not.toHaveProperty("last_close");
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
    rig.clock.advance(1_000);
    const again = rig.order(null, { origin: { ...first.origin, signed: "again" } });
    await rig.answered(2);
    const { number: _n, started_at: _s, operation_id: _i, origin: _o, ...recorded } = rig.results[0] as ReportedResult;
    expect(rig.results[1]).toEqual({
      ...recorded,
      number: 2,
      operation_id: again.operation_id,
      origin: again.origin,
      finished_at: new Date(Date.parse(recorded.finished_at) + 1_000).toISOString(),
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
    const run = vi.fn<Open>().mockResolvedValue({ status: "COMPLETED", result: { opened: true } });
    const rig = runnerRig({ open_menu: { run } }, memoryJournal(undefined));
    const first = command(noon);
    rig.runner.take(first);
    rig.runner.take(command(noon, { origin: first.origin }));
    await rig.answered(2);
    expect(run).toHaveBeenCalledTimes(2);
  });
});
