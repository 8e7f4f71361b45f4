import { describe, expect, test } from "vitest";
import { type Closed, closed, outOfStep, terminalWith } from "../../test/support/closing-terminal.ts";
import { command } from "../../test/support/commands.ts";
import { close } from "../../test/support/entries.ts";
import { gatedJournal } from "../../test/support/gated-journal.ts";
import { noon, runnerRig } from "../../test/support/runner-rig.ts";
import { turn } from "../../test/support/turn.ts";
import { type Journal, memoryJournal } from "../memory/journal.ts";
import type { LastBatch } from "./operation.ts";

const at = (ms: number) => new Date(noon + ms).toISOString();

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
    const finish = Promise.withResolvers<Closed>();
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
    named.batch = undefined;
    gate.letThrough();
    await look;
    await rig.answered(1);
    expect(gate.written).toEqual(["started", "answered"]);
    expect(rig.journal.log.entries).toHaveLength(1);
  });

  test("is asked once more right before it begins: who closes it by hand in that moment, closes it", async () => {
    const gate = gatedJournal("started");
    const named: { batch: LastBatch | undefined } = { batch: undefined };
    const rig = await terminalWith([], named, gate.journal);
    const once = rig.order(null);
    await rig.until(() => expect(gate.heldBack).toBe(1));
    named.batch = { batch_id: "7" };
    gate.letThrough();
    await rig.answered(2);
    const [byHand, told] = rig.results;
    expect(byHand).toMatchObject({ number: 1, by_hand: true, result: { batch_id: "7" } });
    expect(told).toMatchObject({ ...outOfStep, operation_id: once.operation_id, last_close: byHand?.operation_id });
    expect([rig.journal.log.begun, rig.run.mock.calls.length]).toEqual([[], 0]);
  });

  test("that cannot say it any more right before it begins does not begin it, and the log does not say that it has", async () => {
    const rig = await terminalWith([], { batch: undefined });
    rig.lastBatch.mockResolvedValueOnce(undefined).mockRejectedValueOnce(new Error("no connection"));
    rig.order(null);
    await rig.answered(1);
    expect(rig.results[0]).toMatchObject({ status: "FAILED", error: { code: "last_batch_unknown" } });
    expect([rig.journal.log.begun, rig.run.mock.calls.length]).toEqual([[], 0]);
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
