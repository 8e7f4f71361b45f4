import { describe, expect, test, vi } from "vitest";
import { command } from "../../test/support/commands.ts";
import { gatedJournal } from "../../test/support/gated-journal.ts";
import { noon, runnerRig } from "../../test/support/runner-rig.ts";
import { turn } from "../../test/support/turn.ts";
import { memoryJournal } from "../memory/journal.ts";
import type { OperationHandler } from "./operation.ts";

type Run = OperationHandler<"open_menu">["run"];
const opened = { status: "COMPLETED", result: { opened: true } } as const;
const at = (ms: number) => new Date(noon + ms).toISOString();
const never = () => new Promise<never>(() => {});

describe("delivered", () => {
  test("is said of what waits behind another operation, for each copy of its command, and stands in a hello", async () => {
    const finish = Promise.withResolvers<typeof opened>();
    const run = vi.fn<Run>().mockReturnValueOnce(finish.promise).mockResolvedValue(opened);
    const rig = runnerRig({ open_menu: { run } }, memoryJournal(undefined));
    const [first, second] = [command(noon), command(noon)];
    rig.runner.take(first);
    await rig.until(() => expect(rig.said).toEqual(["started"]));
    rig.clock.advance(20);
    rig.runner.take(second);
    rig.clock.advance(1000);
    rig.runner.take(second);
    const delivered = { operation_id: second.operation_id, received_at: at(20) };
    expect(rig.delivered).toEqual([delivered, delivered]);
    expect(rig.runner.operations()).toEqual([
      { operation_id: second.operation_id, phase: "delivered" },
      { operation_id: first.operation_id, phase: "started" },
    ]);
    finish.resolve(opened);
    await rig.answered(2);
    expect(rig.runner.operations()).toEqual([]);
    expect(rig.delivered).toHaveLength(2);
  });

  test("is said of what waits for the server's time, at once", async () => {
    const welcome = Promise.withResolvers<void>();
    const settled = vi.fn<() => Promise<void> | undefined>().mockReturnValueOnce(welcome.promise);
    const run = vi.fn<Run>().mockResolvedValue(opened);
    const rig = runnerRig({ open_menu: { run } }, memoryJournal(undefined), { settled });
    rig.runner.take(command(noon));
    await turn();
    expect(rig.said).toEqual(["delivered"]);
    expect(run).not.toHaveBeenCalled();
    welcome.resolve();
    await rig.answered(1);
    expect(rig.said).toEqual(["delivered", "result"]);
  });

  test("is not said of what is begun or answered at once", async () => {
    const rig = runnerRig({ open_menu: { run: () => Promise.resolve(opened) } }, memoryJournal(undefined));
    rig.runner.take(command(noon));
    await rig.answered(1);
    rig.runner.take(command(noon, { operation: "send_logs" }));
    await rig.answered(2);
    expect(rig.said).toEqual(["result", "result"]);
  });

  test.each(["kill", "stop"] as const)(
    "what waits is not known after a %s: its command comes again and is begun then",
    async (end) => {
      const journal = memoryJournal(undefined);
      const aborted: Run = (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      const before = runnerRig({ open_menu: { run: aborted } }, journal);
      const [running, waiting] = [command(noon), command(noon)];
      before.runner.take(running);
      before.runner.take(waiting);
      await before.until(() => expect(before.said.toSorted()).toEqual(["delivered", "started"]));
      await before.runner[end]();
      expect(journal.log.begun.map(({ operation_id }) => operation_id)).toEqual([running.operation_id]);
      const run = vi.fn<Run>().mockResolvedValue(opened);
      const after = runnerRig({ open_menu: { run } }, journal);
      after.runner.restore();
      expect(after.runner.operations()).toEqual([{ operation_id: running.operation_id, phase: "started" }]);
      after.runner.take(waiting);
      await after.answered(2);
      expect(after.results[0]).toMatchObject({ error: { code: "interrupted" } });
      expect(after.results[1]).toMatchObject({ operation_id: waiting.operation_id, ...opened });
      expect(run).toHaveBeenCalledOnce();
    },
  );
});

describe("started", () => {
  test("is said promptly of what takes time, and its instant stands in every copy of the result", async () => {
    const finish = Promise.withResolvers<typeof opened>();
    const rig = runnerRig({ open_menu: { run: () => finish.promise } }, memoryJournal(undefined));
    const once = command(noon);
    rig.clock.advance(5);
    rig.runner.take(once);
    await turn();
    const started = { operation_id: once.operation_id, started_at: at(5) };
    expect(rig.started).toEqual([started]);
    rig.clock.advance(1000);
    rig.runner.take(once);
    expect(rig.started).toEqual([started, started]);
    finish.resolve(opened);
    await rig.answered(1);
    rig.runner.take(once);
    expect(rig.results).toMatchObject([
      { started_at: at(5), finished_at: at(1005) },
      { started_at: at(5), finished_at: at(1005) },
    ]);
  });

  test("is left out when the handler answers at once, also when the answer takes time to be written", async () => {
    const gate = gatedJournal("answered");
    const rig = runnerRig({ open_menu: { run: () => Promise.resolve(opened) } }, gate.journal);
    rig.runner.take(command(noon));
    await rig.until(() => expect(gate.heldBack).toBe(1));
    await turn();
    expect(rig.said).toEqual([]);
    gate.letThrough();
    await rig.answered(1);
    await turn();
    expect(rig.said).toEqual(["result"]);
    expect(rig.results[0]).toMatchObject({ ...opened, started_at: at(0) });
  });

  test("its instant is the same after a crash, in what recovery answers", async () => {
    const journal = memoryJournal(undefined);
    const before = runnerRig({ open_menu: { run: never } }, journal);
    before.runner.take(command(noon));
    await before.until(() => expect(before.started).toHaveLength(1));
    await before.runner.kill();
    before.clock.advance(5000);
    const after = runnerRig({}, journal, { clock: before.clock });
    after.runner.restore();
    await after.answered(1);
    expect(after.results[0]).toMatchObject({ started_at: at(0), finished_at: at(5000) });
  });

  test("stands in no result of what was never begun, nor in the journal", async () => {
    const journal = memoryJournal(undefined);
    const rig = runnerRig({ open_menu: { run: never } }, journal);
    rig.runner.take(command(noon, {}, 0));
    rig.runner.refuse({ ...command(noon), operation: "print_poem" });
    await rig.answered(2);
    for (const told of [...rig.results, ...journal.log.entries]) expect(told).not.toHaveProperty("started_at");
    expect(rig.results.map(({ reason }) => reason)).toEqual(["expired", "unsupported"]);
  });
});
