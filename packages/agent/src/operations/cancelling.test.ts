import { describe, expect, test, vi } from "vitest";
import { command } from "../../test/support/commands.ts";
import { gatedJournal } from "../../test/support/gated-journal.ts";
import { noon, runnerRig } from "../../test/support/runner-rig.ts";
import { turn } from "../../test/support/turn.ts";
import { type Journal, memoryJournal } from "../memory/journal.ts";
import type { HandlerContext, OperationHandler } from "./operation.ts";

type Handler = OperationHandler<"open_menu">;
type Run = Handler["run"];
const opened = { status: "COMPLETED", result: { opened: true } } as const;
const cancelled = { status: "FAILED", reason: "cancelled" } as const;

/** Runs until the test lets it answer, and shows its context. */
function heldHandler(cancellable?: Handler["cancellable"]) {
  const finish = Promise.withResolvers<Awaited<ReturnType<Run>>>();
  const contexts: HandlerContext<undefined>[] = [];
  const run = vi.fn<Run>((_, context) => {
    contexts.push(context);
    return finish.promise;
  });
  const handler: Handler = cancellable === undefined ? { run } : { run, cancellable };
  return { handler, run, finish, contexts };
}

describe("what is cancelled before it is begun", () => {
  test("and before its command came: it is answered, remembered, and never begun", async () => {
    const { handler, run } = heldHandler();
    const journal = memoryJournal(undefined);
    const rig = runnerRig({ open_menu: handler }, journal);
    const once = command(noon);
    rig.runner.cancel(once);
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ operation_id: once.operation_id, operation: "open_menu", ...cancelled });
    expect(rig.results[0]).not.toHaveProperty("started_at");
    expect(rig.runner.operations()).toEqual([]);
    rig.runner.take(once);
    rig.runner.cancel(once);
    expect(rig.results).toEqual(Array(3).fill(rig.results[0]));
    const after = runnerRig({ open_menu: handler }, journal);
    after.runner.take(once);
    expect(after.results).toEqual([rig.results[0]]);
    expect(run).not.toHaveBeenCalled();
  });

  test("and both come again while that is being written: one answer says it all", async () => {
    const { handler, run } = heldHandler();
    const gate = gatedJournal("answered");
    const rig = runnerRig({ open_menu: handler }, gate.journal);
    const once = command(noon);
    rig.runner.cancel(once);
    rig.runner.take(once);
    rig.runner.cancel(once);
    await turn();
    expect([rig.said, gate.heldBack]).toEqual([[], 1]);
    gate.letThrough();
    await rig.answered(1);
    await turn();
    expect(rig.said).toEqual(["result"]);
    expect(gate.written).toEqual(["answered"]);
    expect(run).not.toHaveBeenCalled();
  });

  test("while it waits behind another: it is answered at once, and not begun when its turn comes", async () => {
    const { handler, run, finish } = heldHandler();
    const rig = runnerRig({ open_menu: handler }, memoryJournal(undefined));
    const [first, second, third] = [command(noon), command(noon), command(noon)];
    for (const one of [first, second, third]) rig.runner.take(one);
    rig.runner.cancel(second);
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ operation_id: second.operation_id, ...cancelled });
    rig.runner.cancel(second);
    expect(rig.results[1]).toEqual(rig.results[0]);
    finish.resolve(opened);
    await rig.answered(4);
    expect(run.mock.calls.map(([{ operation_id }]) => operation_id)).toEqual([first.operation_id, third.operation_id]);
  });

  test("while it waits for the server's time: the waiting ends, for those behind it too", async () => {
    const run = vi.fn<Run>().mockResolvedValue(opened);
    const patient = (signal: AbortSignal) =>
      new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    const settled = vi.fn<(signal: AbortSignal) => Promise<void> | undefined>().mockImplementationOnce(patient);
    const rig = runnerRig({ open_menu: { run } }, memoryJournal(undefined), { settled });
    const [first, second] = [command(noon), command(noon)];
    rig.runner.take(first);
    rig.runner.take(second);
    await turn();
    rig.runner.cancel(first);
    await rig.answered(2);
    expect(rig.results).toMatchObject([
      { operation_id: first.operation_id, ...cancelled },
      { operation_id: second.operation_id, ...opened },
    ]);
    expect(run).toHaveBeenCalledOnce();
  });

  test("while the journal is told that it is begun: the handler is not called, and the journal says so in the end", async () => {
    const { handler, run } = heldHandler(true);
    const gate = gatedJournal("started");
    const rig = runnerRig({ open_menu: handler }, gate.journal);
    const once = command(noon);
    rig.runner.take(once);
    await rig.until(() => expect(gate.heldBack).toBe(1));
    rig.runner.cancel(once);
    rig.runner.cancel(once);
    await turn();
    expect(rig.said).toEqual([]);
    gate.letThrough();
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject(cancelled);
    expect(gate.journal.log.begun).toEqual([]);
    expect(gate.journal.log.find(once.operation_id)).not.toHaveProperty("started_at");
    await turn();
    expect(rig.said).toEqual(["result"]);
    expect(run).not.toHaveBeenCalled();
  });

  test("without a journal that can be written: it is not begun all the same", async () => {
    const { handler, run } = heldHandler();
    const broken: Journal = {
      ...memoryJournal(undefined),
      state: undefined,
      write: () => Promise.reject(new Error("disk full")),
    };
    const rig = runnerRig({ open_menu: handler }, broken);
    const once = command(noon);
    rig.runner.cancel(once);
    await rig.answered(1);
    rig.runner.take(once);
    expect(rig.results[0]).toMatchObject({ status: "FAILED", error: { code: "journal_failed" } });
    expect(rig.results[1]).toEqual(rig.results[0]);
    expect(run).not.toHaveBeenCalled();
  });

  test("by a name that this version does not know", async () => {
    const rig = runnerRig({}, memoryJournal(undefined));
    rig.runner.cancel({ ...command(noon), operation: "print_poem" });
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ operation: "print_poem", ...cancelled });
  });

  test("after the agent was told to stop: nothing is said or written", async () => {
    const journal = memoryJournal(undefined);
    const rig = runnerRig({}, journal);
    await rig.runner.stop();
    rig.runner.cancel(command(noon));
    await turn();
    expect([rig.said, journal.log.entries]).toEqual([[], []]);
  });
});

describe("what is cancelled while it runs", () => {
  async function running(cancellable?: Handler["cancellable"]) {
    const held = heldHandler(cancellable);
    const rig = runnerRig({ open_menu: held.handler }, memoryJournal(undefined));
    const once = command(noon);
    rig.runner.take(once);
    await rig.until(() => expect(rig.said).toEqual(["started"]));
    const { cancelled: signal } = held.contexts[0] ?? {};
    if (!signal) throw new Error("no context");
    return { ...held, rig, once, signal };
  }

  test("is refused where the handler does not break off, each time, and comes to its end", async () => {
    for (const cancellable of [undefined, false] as const) {
      const { rig, once, finish, signal } = await running(cancellable);
      rig.runner.cancel(once);
      rig.runner.cancel(once);
      expect(rig.refused).toEqual([once.operation_id, once.operation_id]);
      expect(signal.aborted).toBe(false);
      finish.resolve(opened);
      await rig.answered(1);
      expect(rig.results[0]).toMatchObject(opened);
      rig.runner.cancel(once);
      expect(rig.results[1]).toEqual(rig.results[0]);
      expect(rig.refused).toHaveLength(2);
    }
  });

  test("is refused after it was said that it has begun, also where that is not said yet", async () => {
    const finish = Promise.withResolvers<typeof opened>();
    const once = command(noon);
    const run = vi.fn<Run>(() => {
      // As a message that came together with the end of the write.
      rig.runner.cancel(once);
      return finish.promise;
    });
    const rig = runnerRig({ open_menu: { run } }, memoryJournal(undefined));
    rig.runner.take(once);
    await rig.until(() => expect(run).toHaveBeenCalledOnce());
    await turn();
    expect(rig.said).toEqual(["started", "cancel_refused"]);
    finish.resolve(opened);
    await rig.answered(1);
    expect(rig.said).toEqual(["started", "cancel_refused", "result"]);
  });

  test("is broken off by a handler that can; a second cancellation changes nothing", async () => {
    const { rig, once, finish, signal } = await running(true);
    rig.runner.cancel(once);
    rig.runner.cancel(once);
    expect([signal.aborted, rig.said]).toEqual([true, ["started"]]);
    finish.reject(signal.reason);
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ ...cancelled, started_at: new Date(noon).toISOString() });
    rig.runner.cancel(once);
    expect(rig.results[1]).toEqual(rig.results[0]);
  });

  test.each([
    ["answers that it was cancelled", () => Promise.resolve(cancelled), cancelled],
    ["was done already", () => Promise.resolve(opened), opened],
    ["fails over it", () => Promise.reject(new Error("paper jam")), { reason: "device_error" }],
  ])("is told as it is when the handler %s", async (_, outcome, told) => {
    const { rig, once, finish } = await running(true);
    rig.runner.cancel(once);
    finish.resolve(outcome());
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject(told);
  });

  test("is refused or not as the handler says at that moment", async () => {
    const cancellable = vi.fn<() => boolean>().mockReturnValueOnce(false).mockReturnValue(true);
    const { rig, once, signal } = await running(cancellable);
    rig.runner.cancel(once);
    expect([rig.refused, signal.aborted]).toEqual([[once.operation_id], false]);
    rig.runner.cancel(once);
    expect([rig.refused, signal.aborted]).toEqual([[once.operation_id], true]);
  });

  test("is refused when the handler cannot even say", async () => {
    const { rig, once } = await running(() => {
      throw new Error("no idea");
    });
    rig.runner.cancel(once);
    expect(rig.refused).toEqual([once.operation_id]);
  });

  test("while its answer is being written: the answer stands, and says it all", async () => {
    const { handler, finish } = heldHandler(true);
    const gate = gatedJournal("answered");
    const rig = runnerRig({ open_menu: handler }, gate.journal);
    const once = command(noon);
    rig.runner.take(once);
    await rig.until(() => expect(rig.said).toEqual(["started"]));
    finish.resolve(opened);
    await rig.until(() => expect(gate.heldBack).toBe(1));
    rig.runner.cancel(once);
    gate.letThrough();
    await rig.answered(1);
    expect(rig.said).toEqual(["started", "result"]);
    expect(rig.results[0]).toMatchObject(opened);
  });

  test("when a crash interrupted it, is refused until it is known what came of it", async () => {
    const { rig: before, once } = await running(true);
    const { journal } = before;
    await before.runner.kill();
    const known = Promise.withResolvers<typeof opened>();
    const run = vi.fn<Run>();
    const after = runnerRig({ open_menu: { run, cancellable: true, recover: () => known.promise } }, journal);
    after.runner.restore();
    after.runner.cancel(once);
    expect(after.refused).toEqual([once.operation_id]);
    known.resolve(opened);
    await after.answered(1);
    expect(after.results[0]).toMatchObject(opened);
    expect(run).not.toHaveBeenCalled();
  });

  test("and the agent stops before the handler heeds it: stays begun, for the next start to settle", async () => {
    const run: Run = (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const journal = memoryJournal(undefined);
    const rig = runnerRig({ open_menu: { run, cancellable: true } }, journal);
    const once = command(noon);
    rig.runner.take(once);
    await rig.until(() => expect(rig.said).toEqual(["started"]));
    rig.runner.cancel(once);
    await rig.runner.stop();
    expect(rig.results).toEqual([]);
    expect(journal.log.findBegun(once.operation_id)).toBeDefined();
  });
});
