import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { command } from "../../test/support/commands.ts";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { gatedJournal } from "../../test/support/gated-journal.ts";
import { noon, runnerRig } from "../../test/support/runner-rig.ts";
import { turn } from "../../test/support/turn.ts";
import { replaceFile } from "../memory/durable-file.ts";
import { resumeFileJournal } from "../memory/file-journal.ts";
import type { Journal } from "../memory/journal.ts";
import type { OperationHandler } from "./operation.ts";
import type { Payments } from "./payments.ts";

type Run = OperationHandler<"open_menu">["run"];
const opened = { status: "COMPLETED", result: { opened: true } } as const;
const busy = { status: "FAILED", reason: "busy_payment" } as const;

/** Payments as the test wants them. */
class TestPayments implements Payments {
  readonly #waiting = new Set<() => void>();
  #underWay: boolean;

  constructor(underWay: boolean) {
    this.#underWay = underWay;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  set(underWay: boolean): void {
    this.#underWay = underWay;
    if (!underWay) for (const resolve of this.#waiting) resolve();
  }

  underWay(): boolean {
    return this.#underWay;
  }

  over(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener("abort", done);
    });
  }
}

function rigWith(payments: Payments, journal: Journal = gatedJournal().journal) {
  const run = vi.fn<Run>().mockResolvedValue(opened);
  const clock = new FakeClock(noon);
  const rig = runnerRig({ open_menu: { run } }, journal, { payments, clock });
  /** Time passes, and whatever waits for it has its turn on the way. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(Math.min(100, left));
      await turn();
    }
  };
  return { ...rig, run, pass };
}

describe("in the middle of a payment", () => {
  test.each([undefined, "fail"] as const)(
    "an operation is answered and never begun (when_busy: %s)",
    async (whenBusy) => {
      const gate = gatedJournal();
      const payments = new TestPayments(true);
      const rig = rigWith(payments, gate.journal);
      rig.runner.take(command(noon, whenBusy && { when_busy: whenBusy }));
      await rig.answered(1);
      expect(rig.results[0]).toMatchObject(busy);
      expect([gate.written, rig.said]).toEqual([["answered"], ["result"]]);
      payments.set(false);
      rig.runner.take(command(noon));
      await rig.answered(2);
      expect(rig.results[1]).toMatchObject(opened);
      expect(rig.run).toHaveBeenCalledOnce();
    },
  );

  test("one that may wait says that it is there, and is begun when the payment is over", async () => {
    const gate = gatedJournal();
    const payments = new TestPayments(true);
    const rig = rigWith(payments, gate.journal);
    const once = command(noon, { when_busy: "wait" });
    rig.runner.take(once);
    await rig.pass(5000);
    rig.runner.take(once);
    expect([rig.said, gate.written]).toEqual([["delivered", "delivered"], []]);
    expect(rig.runner.operations()).toEqual([{ operation_id: once.operation_id, phase: "delivered" }]);
    payments.set(false);
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ ...opened, started_at: new Date(noon + 5000).toISOString() });
    expect(rig.clock.timers).toBe(0);
  });

  test.each([
    { windowMs: 15_000, givesUpAtMs: 14_000 },
    { windowMs: 5000, givesUpAtMs: 4500 },
  ])("it gives up shortly before its deadline: $givesUpAtMs of $windowMs ms", async ({ windowMs, givesUpAtMs }) => {
    const payments = new TestPayments(true);
    const rig = rigWith(payments);
    rig.runner.take(command(noon, { when_busy: "wait" }, windowMs));
    await turn();
    await rig.pass(givesUpAtMs - 1);
    expect(rig.said).toEqual(["delivered"]);
    await rig.pass(1);
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ ...busy, finished_at: new Date(noon + givesUpAtMs).toISOString() });
    expect(rig.run).not.toHaveBeenCalled();
    expect([rig.clock.timers, payments.waiting]).toEqual([0, 0]);
  });

  test("one that comes when there is no time left to wait is answered at once", async () => {
    const rig = rigWith(new TestPayments(true));
    const late = command(noon - 14_500, { when_busy: "wait", sent_at: new Date(noon).toISOString() });
    rig.runner.take(late);
    await rig.answered(1);
    expect([rig.results[0]?.reason, rig.said]).toEqual(["busy_payment", ["result"]]);
  });

  test("one that expired is told as expired", async () => {
    const rig = rigWith(new TestPayments(true));
    rig.runner.take(command(noon, { when_busy: "wait" }, 0));
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ status: "FAILED", reason: "expired" });
  });

  test("one that waits can be cancelled", async () => {
    const payments = new TestPayments(true);
    const rig = rigWith(payments);
    const once = command(noon, { when_busy: "wait" });
    rig.runner.take(once);
    await turn();
    rig.runner.cancel(once);
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ status: "FAILED", reason: "cancelled" });
    await turn();
    expect([rig.clock.timers, payments.waiting]).toEqual([0, 0]);
    payments.set(false);
    rig.runner.take(command(noon));
    await rig.answered(2);
    expect(rig.run).toHaveBeenCalledOnce();
  });

  test.each(["stop", "kill"] as const)(
    "one that waits does not hold up a %s, and leaves nothing behind",
    async (end) => {
      const gate = gatedJournal();
      const payments = new TestPayments(true);
      const rig = rigWith(payments, gate.journal);
      rig.runner.take(command(noon, { when_busy: "wait" }));
      await turn();
      await rig.runner[end]();
      await turn();
      expect([rig.said, gate.written, rig.clock.timers, payments.waiting]).toEqual([["delivered"], [], 0, 0]);
      payments.set(false);
      await turn();
      expect(rig.run).not.toHaveBeenCalled();
    },
  );
});

describe("a payment that begins while the journal is told that an operation is begun", () => {
  test("refuses it", async () => {
    const gate = gatedJournal("started");
    const payments = new TestPayments(false);
    const rig = rigWith(payments, gate.journal);
    const once = command(noon);
    rig.runner.take(once);
    await rig.until(() => expect(gate.heldBack).toBe(1));
    payments.set(true);
    gate.letThrough();
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject(busy);
    expect(gate.journal.log.begun).toEqual([]);
    expect(gate.journal.log.find(once.operation_id)).not.toHaveProperty("started_at");
    expect(rig.run).not.toHaveBeenCalled();
  });

  test("lets it wait where it may: what the journal was told is taken back, on disk too", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tillkeeper-payment-"));
    try {
      const path = join(folder, "journal.json");
      const payments = new TestPayments(false);
      const open = (replace: typeof replaceFile) =>
        resumeFileJournal(
          { path, replace, initial: () => undefined, readState: () => undefined },
          "T00000001-T0001-D1",
        );
      const journal = await open(async (target, text) => {
        await replaceFile(target, text);
        if (text.includes('"started_at"')) payments.set(true);
      });
      const rig = rigWith(payments, journal);
      const once = command(noon, { when_busy: "wait" });
      rig.runner.take(once);
      await rig.until(() => expect(rig.said).toEqual(["delivered"]));
      const crashed = await open(replaceFile);
      expect([crashed.log.begun, crashed.log.entries]).toEqual([[], []]);
      await rig.runner.kill();
      const after = rigWith(new TestPayments(false), crashed);
      after.runner.restore();
      after.runner.take(once);
      await after.answered(1);
      expect(after.results[0]).toMatchObject(opened);
      expect([rig.run.mock.calls.length, after.run.mock.calls.length]).toEqual([0, 1]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("and a stop while that is being taken back: the stop does not wait for the payment", async () => {
    const gate = gatedJournal("started", "taken_back");
    const payments = new TestPayments(false);
    const rig = rigWith(payments, gate.journal);
    rig.runner.take(command(noon, { when_busy: "wait" }));
    await rig.until(() => expect(gate.heldBack).toBe(1));
    payments.set(true);
    gate.letThrough();
    await rig.until(() => expect(gate.heldBack).toBe(1));
    const stopped = rig.runner.stop();
    gate.letThrough();
    await stopped;
    expect([rig.run.mock.calls.length, gate.journal.log.begun]).toEqual([0, []]);
  });
});

describe("payments that cannot be relied on", () => {
  test("that claim to be over and are under way hold the operation back, without a loop", async () => {
    const over = vi.fn<Payments["over"]>().mockResolvedValue(undefined);
    const rig = rigWith({ underWay: () => true, over });
    rig.runner.take(command(noon, { when_busy: "wait" }));
    await turn();
    await rig.pass(13_900);
    expect(over.mock.calls.length).toBeLessThan(150);
    expect(rig.said).toEqual(["delivered"]);
    await rig.pass(100);
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject(busy);
  });

  test("that cannot tell count as under way; that cannot be waited for are not", async () => {
    const broken = () => {
      throw new Error("no connection to the payment application");
    };
    const untold = rigWith({ underWay: broken, over: () => Promise.resolve() });
    untold.runner.take(command(noon));
    await untold.answered(1);
    expect(untold.results[0]).toMatchObject(busy);
    const unwaited = rigWith({ underWay: () => true, over: broken });
    unwaited.runner.take(command(noon, { when_busy: "wait" }));
    await unwaited.answered(1);
    expect(unwaited.results[0]).toMatchObject(busy);
  });
});
