import type { Memory } from "@tillkeeper/contract/mqtt/messages";
import { beforeEach, describe, expect, test } from "vitest";
import { result } from "../../test/support/entries.ts";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { ResultLog } from "../memory/result-log.ts";
import type { ReportedResult } from "../operations/outcome.ts";
import { ResultSender } from "./result-sender.ts";

const repeat = { firstMs: 2000, longestMs: 30_000 };

describe("telling the log", () => {
  let clock: FakeClock;
  let log: ResultLog;
  let held: number;
  let sent: (ReportedResult & { at: number })[];
  let telling: ResultSender;
  beforeEach(() => {
    clock = new FakeClock("2026-06-29T12:00:00.000Z");
    log = new ResultLog();
    held = -1;
    sent = [];
    const hold = (number: number) => {
      held = number;
    };
    const journal = { log, hold };
    telling = new ResultSender({
      clock,
      journal,
      repeat,
      send: (told) => sent.push({ ...told, at: clock.monotonic() }),
    });
  });

  const write = (count: number) => {
    log.apply({ results: Array.from({ length: count }, () => result()) }, 0);
    telling.added();
  };
  const memory = (number: number): Memory => {
    const id = log.entries.find((entry) => entry.number === number)?.operation_id;
    return { number, ...(id !== undefined && { id }) };
  };
  const receipt = (number: number) =>
    telling.receipt({ operation_id: memory(number).id ?? "", status: "COMPLETED", memory: memory(number) });
  const tooEarly = (number: number, upTo: number) =>
    telling.receipt({ operation_id: memory(number).id ?? "", memory: memory(upTo) });
  const numbers = () => sent.splice(0).map(({ number }) => number);

  test("waits for the welcome, goes on from where the server is, and rests when it has it all", () => {
    write(3);
    expect([sent.length, clock.timers, telling.memory]).toEqual([0, 0, undefined]);
    telling.begin(memory(1));
    expect([numbers(), held]).toEqual([[2, 3], 1]);
    receipt(2);
    expect([numbers(), telling.memory]).toEqual([[], memory(2)]);
    write(1);
    expect(numbers()).toEqual([4]);
    telling.memoryReported(memory(4));
    expect([numbers(), clock.timers, held]).toEqual([[], 0, 4]);
  });

  test("has eight under way at a time, in order", () => {
    write(12);
    telling.begin(memory(0));
    expect(numbers()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    write(1);
    expect(numbers()).toEqual([]);
    receipt(1);
    expect(numbers()).toEqual([9]);
    telling.memoryReported(memory(4));
    expect(numbers()).toEqual([10, 11, 12]);
  });

  test("repeats what the server does not hold at growing intervals of at most 30 s, until it does", () => {
    telling.begin(memory(0));
    write(1);
    clock.advance(600_000);
    const gaps = sent.slice(1).map(({ at }, index) => at - (sent[index]?.at ?? 0));
    expect(gaps[0]).toBeLessThanOrEqual(2000);
    expect(gaps[0]).toBeGreaterThanOrEqual(1000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30_000);
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(15_000);
    receipt(1);
    expect(clock.timers).toBe(0);
    sent = [];
    write(1);
    clock.advance(2000);
    expect(numbers()).toEqual([2, 2]);
  });

  test("is not put off by what is added: what got lost is repeated in time", () => {
    telling.begin(memory(0));
    write(1);
    for (let count = 0; count < 4; count += 1) {
      clock.advance(500);
      write(1);
    }
    expect(numbers().filter((number) => number === 1)).toHaveLength(2);
  });

  test("a result that came too early is told again after those before it, and not before", () => {
    write(3);
    telling.begin(memory(0));
    expect(numbers()).toEqual([1, 2, 3]);
    tooEarly(2, 0);
    tooEarly(3, 0);
    expect(numbers()).toEqual([]);
    receipt(1);
    expect(numbers()).toEqual([2, 3]);
  });

  test("goes back with the server: by its word, by a receipt, by a welcome", () => {
    write(5);
    telling.begin(memory(5));
    telling.memoryReported(memory(3));
    expect([numbers(), held]).toEqual([[4, 5], 3]);
    telling.memoryReported(memory(3));
    expect(numbers()).toEqual([]);
    telling.memoryReported(memory(5));
    tooEarly(5, 2);
    expect([numbers(), held]).toEqual([[3, 4, 5], 2]);
    telling.pause();
    expect(clock.timers).toBe(0);
    telling.memoryReported(memory(5));
    expect(telling.memory).toBeUndefined();
    telling.begin(memory(0));
    expect(numbers()).toEqual([1, 2, 3, 4, 5]);
  });

  test("what is missing is said by the next, which names the one before it", () => {
    const entries = [3, 4, 9, 10].map((number) => ({ ...result(), number }));
    log = new ResultLog({ results: entries, begun: [], writes: 0 });
    const journal = { log, hold: () => {} };
    telling = new ResultSender({ clock, journal, repeat, send: (told) => sent.push({ ...told, at: 0 }) });
    telling.begin({ number: 0 });
    expect(sent.map(({ number, after }) => [number, after])).toEqual([
      [3, 0],
      [4, undefined],
      [9, 4],
      [10, undefined],
    ]);
    expect(entries.every((entry) => !("after" in entry))).toBe(true);
  });

  test("an answer without a number is told at once, and until its receipt or until it has one", () => {
    const answer = result();
    telling.unnumbered(answer);
    expect(sent).toEqual([]);
    telling.begin(memory(0));
    expect(numbers()).toEqual([undefined]);
    clock.advance(2000);
    expect(numbers()).toEqual([undefined]);
    telling.receipt({ operation_id: answer.operation_id, status: "FAILED", memory: memory(0) });
    expect(clock.timers).toBe(0);
    const next = result();
    telling.unnumbered(next);
    expect(numbers()).toEqual([undefined]);
    log.apply({ results: [next] }, 0);
    telling.numbered(next.operation_id);
    expect(numbers()).toEqual([1]);
    clock.advance(2000);
    expect(numbers()).toEqual([1]);
  });

  test("somebody who asks gets a copy of what was told, and of nothing that is not its turn", () => {
    write(12);
    telling.repeat(log.entries[0] as ReportedResult);
    expect(sent).toEqual([]);
    telling.begin(memory(2));
    sent = [];
    for (const entry of log.entries) telling.repeat(entry);
    expect(numbers()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});
