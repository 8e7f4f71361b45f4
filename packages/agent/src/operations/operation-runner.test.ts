import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EndOfDayResult } from "@tillkeeper/contract/operations";
import { dayTotals } from "@tillkeeper/virtual-terminals/virtual/day";
import {
  closeDay,
  newTerminalState,
  type TerminalState,
  terminalFile,
  type WholeClose,
} from "@tillkeeper/virtual-terminals/virtual/state";
import { Compile } from "typebox/compile";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { command } from "../../test/support/commands.ts";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { noon, runnerRig } from "../../test/support/runner-rig.ts";
import { resumeFileJournal } from "../memory/file-journal.ts";
import { type Journal, memoryJournal } from "../memory/journal.ts";
import type { OperationHandler } from "./operation.ts";

const endOfDay = Compile(EndOfDayResult);
type Run = OperationHandler<"open_menu">["run"];

const opened = { status: "COMPLETED", result: { opened: true } } as const;

describe("carrying operations out", () => {
  test("a copy of a command is answered with `started`, then with the result, and never begun again", async () => {
    const finish = Promise.withResolvers<typeof opened>();
    const run = vi.fn<Run>(() => finish.promise);
    const rig = runnerRig({ open_menu: { run } }, memoryJournal(undefined));
    const { runner, started, results, answered } = rig;
    const once = command(noon);
    runner.take(once);
    runner.take(once);
    await vi.waitFor(() => expect(started).toHaveLength(1));
    runner.take(once);
    expect(started).toHaveLength(2);
    expect(runner.operations()).toEqual([{ operation_id: once.operation_id, phase: "started" }]);
    finish.resolve(opened);
    await answered(1);
    runner.take(once);
    expect(results[1]).toEqual(results[0]);
    expect(runner.operations()).toEqual([]);
    expect(run).toHaveBeenCalledOnce();
  });

  test("one at a time: a second command waits, and is not begun when its time is up by then", async () => {
    const finish = Promise.withResolvers<typeof opened>();
    const run = vi.fn<Run>().mockReturnValueOnce(finish.promise).mockResolvedValue(opened);
    const { runner, results, clock, answered } = runnerRig({ open_menu: { run } }, memoryJournal(undefined));
    runner.take(command(noon));
    await vi.waitFor(() => expect(run).toHaveBeenCalledOnce());
    const short = command(noon, {}, 5000);
    const long = command(noon, {}, 60_000);
    runner.take(short);
    runner.take(long);
    clock.advance(5000);
    expect(run).toHaveBeenCalledOnce();
    finish.resolve(opened);
    await answered(3);
    expect(results[1]).toMatchObject({ operation_id: short.operation_id, status: "FAILED", reason: "expired" });
    expect(results[2]).toMatchObject({ operation_id: long.operation_id, status: "COMPLETED" });
    expect(run).toHaveBeenCalledTimes(2);
  });

  test("never begins at or after expires_at, not even when a slow disk used up the time", async () => {
    const run = vi.fn<Run>().mockResolvedValue(opened);
    const clock = new FakeClock(noon);
    const journal = memoryJournal(undefined);
    const slow: Journal = {
      ...journal,
      state: undefined,
      write: (decide) => {
        if (decide(journal.log)?.begun) clock.advance(15_000);
        return journal.write(decide);
      },
    };
    const { runner, results, started, answered } = runnerRig({ open_menu: { run } }, slow, { clock });
    runner.take(command(noon, {}, 0));
    runner.take(command(noon));
    await answered(2);
    expect(results.map(({ reason }) => reason)).toEqual(["expired", "expired"]);
    expect(run).not.toHaveBeenCalled();
    expect(started).toEqual([]);
  });

  test("a handler that throws, one that answers nonsense, and an operation without a handler", async () => {
    const { runner, results, answered } = runnerRig(
      {
        open_menu: { run: () => Promise.reject(new Error("paper jam ".repeat(100))) },
        // @ts-expect-error: a result that the compiler refuses is refused at run time, too
        check_update: { run: () => Promise.resolve({ status: "COMPLETED", result: { current_version: 1 } }) },
      },
      memoryJournal(undefined),
    );
    runner.take(command(noon));
    runner.take(command(noon, { operation: "check_update" }));
    runner.take(command(noon, { operation: "send_logs" }));
    runner.refuse({ ...command(noon), operation: "print_poem", parameters: { length: 3 } });
    await answered(4);
    expect(results[0]).toMatchObject({ status: "FAILED", reason: "device_error", error: { code: "handler_failed" } });
    expect(results[0]?.error?.message).toHaveLength(500);
    expect(results[1]).toMatchObject({ status: "FAILED", error: { code: "invalid_result" } });
    expect(results[2]).toMatchObject({ status: "FAILED", reason: "unsupported" });
    expect(results[3]).toMatchObject({ status: "FAILED", reason: "unsupported" });
  });

  test("what cannot be written before it is begun is not begun", async () => {
    const run = vi.fn<Run>().mockResolvedValue(opened);
    const journal: Journal = {
      ...memoryJournal(undefined),
      state: undefined,
      write: () => Promise.reject(new Error("disk full")),
    };
    const { runner, results, answered } = runnerRig({ open_menu: { run } }, journal);
    const once = command(noon);
    runner.take(once);
    await answered(1);
    expect(results[0]).toMatchObject({ status: "FAILED", error: { code: "journal_failed" } });
    runner.take(once);
    expect(results).toHaveLength(2);
    expect(run).not.toHaveBeenCalled();
  });

  test("a hello lists at most 100 operations, the latest first", async () => {
    const { runner, clock } = runnerRig(
      { open_menu: { run: () => new Promise<never>(() => {}) } },
      memoryJournal(undefined),
    );
    const commands = Array.from({ length: 120 }, () => command(noon));
    for (const one of commands) {
      clock.advance(1);
      runner.take(one);
    }
    expect(runner.operations()).toHaveLength(100);
    expect(runner.operations()[0]).toEqual({ operation_id: commands[119]?.operation_id, phase: "delivered" });
  });
});

/** Returns the journal of an agent that was killed while it carried an operation out. */
async function begun() {
  const journal = memoryJournal(undefined);
  const before = runnerRig({ open_menu: { run: () => new Promise<never>(() => {}) } }, journal);
  before.runner.take(command(noon));
  await vi.waitFor(() => expect(before.started).toHaveLength(1));
  await before.runner.kill();
  return journal;
}

describe("after a crash between begun and answered", () => {
  test("the handler is asked what came of it", async () => {
    const run = vi.fn<Run>();
    const { runner, results, answered } = runnerRig(
      { open_menu: { run, recover: () => Promise.resolve(opened) } },
      await begun(),
    );
    runner.restore();
    await answered(1);
    expect(results[0]).toMatchObject(opened);
    expect(run).not.toHaveBeenCalled();
  });

  test.each([
    ["does not know", { run: vi.fn<Run>(), recover: () => Promise.resolve(undefined) }],
    ["cannot be asked", { run: vi.fn<Run>() }],
  ])("it is FAILED as interrupted when the handler %s", async (_, handler) => {
    const { runner, results, answered } = runnerRig({ open_menu: handler }, await begun());
    runner.restore();
    await answered(1);
    expect(results[0]).toMatchObject({
      status: "FAILED",
      reason: "device_error",
      error: { code: "interrupted" },
      unknown_end: true,
    });
    expect(handler.run).not.toHaveBeenCalled();
  });
});

describe("the close of the day and a crash", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tillkeeper-crash-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const serial = "SIMULATED-T00000001-001";
  const cases = [1, 2].flatMap((write) => [
    { write, kept: false },
    { write, kept: true },
  ]);

  // The two writes of one operation: begun, answered. A power cut may lose each, or keep it without its caller's
  // knowledge.
  test.each(cases)("at write $write (kept: $kept) loses no purchase and counts none twice", async ({ write, kept }) => {
    const path = join(folder, `${write}-${kept}.json`);
    const openJournal = (replace: (path: string, text: string) => Promise<void>, nowMs: number) =>
      resumeFileJournal({ ...terminalFile(path, () => nowMs), replace }, "T00000001-T0001-D1");
    const runs: string[] = [];
    const start = (journal: Journal<TerminalState>, clock: FakeClock) =>
      runnerRig<TerminalState>(
        {
          end_of_day: {
            run: (operation, { state }) => {
              runs.push(operation.operation_id);
              return Promise.resolve({ status: "COMPLETED", ...closeDay(serial, state, clock.now()) });
            },
          },
        },
        journal,
        { clock },
      );

    const crash = Promise.withResolvers<void>();
    let writes = -1; // The first makes the file.
    const clock = new FakeClock(noon);
    const before = start(
      await openJournal(async (target, text) => {
        writes += 1;
        if (writes > write || (writes === write && !kept)) {
          crash.resolve();
          return new Promise(() => {});
        }
        await writeFile(target, text);
        if (writes < write) return undefined;
        crash.resolve();
        return new Promise(() => {});
      }, noon),
      clock,
    );
    const first = command(noon, { operation: "end_of_day" }, 180_000);
    before.runner.take(first);
    await crash.promise;

    clock.advance(60_000);
    const after = start(await openJournal((target, text) => writeFile(target, text), noon), clock);
    after.runner.restore();
    after.runner.take({ ...first, sent_at: new Date(clock.now()).toISOString() });
    await vi.waitFor(() => expect(after.results.length).toBeGreaterThan(0));
    clock.advance(30 * 60_000);
    const previous_close = after.journal.log.lastClose ?? null;
    const second = command(clock.now(), { operation: "end_of_day", previous_close }, 180_000);
    after.runner.take(second);
    await vi.waitFor(() => expect(after.results.some((r) => r.operation_id === second.operation_id)).toBe(true));

    const results = [...before.results, ...after.results];
    const finals = new Map(results.map((result) => [result.operation_id, result]));
    expect(results).toEqual(results.map(({ operation_id }) => finals.get(operation_id)));
    const days = [...finals.values()].flatMap(({ status, result }) =>
      status === "COMPLETED" ? [endOfDay.Parse(result) as WholeClose] : [],
    );
    const whole = dayTotals(serial, Date.parse(newTerminalState(noon).start_of_day_at), clock.now());
    expect(days.reduce((all, day) => all + day.purchases_count, 0)).toBe(whole.purchases_count);
    expect(days.reduce((all, day) => all + day.purchases_amount, 0)).toBe(whole.purchases_amount);
    expect(new Set(days.map((day) => day.batch_id)).size).toBe(days.length);
    expect(new Set(runs).size).toBe(runs.length);
  });
});
