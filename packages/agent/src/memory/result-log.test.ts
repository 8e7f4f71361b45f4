import { limits } from "@tillkeeper/contract/limits";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { begun, close, result } from "../../test/support/entries.ts";
import type { ReportedResult } from "../operations/outcome.ts";
import { emptyLog, isClose, ResultLog } from "./result-log.ts";

const noon = Date.parse("2026-06-29T12:00:00.000Z");
const dayMs = 86_400_000;
const on = (day: number) => ({ finished_at: new Date(noon + day * dayMs).toISOString() });
const logOf = (results: ReportedResult[], held = 0) => {
  const log = new ResultLog();
  for (const one of results) log.apply({ results: [one] }, held);
  return log;
};
const numbersOf = (log: ResultLog) => log.entries.map(({ number }) => number);

describe("the log", () => {
  test("numbers results from 1 as they are written; what is begun has no number yet", () => {
    const log = new ResultLog();
    const first = begun();
    log.apply({ begun: first }, 0);
    expect([log.last, log.begun, log.writes]).toEqual([0, [first], 1]);
    const answers = [result(), result({ operation_id: first.operation_id })];
    log.apply({ results: answers }, 0);
    expect(log.entries).toEqual(answers.map((answer, index) => ({ ...answer, number: index + 1 })));
    expect([log.last, log.begun, log.writes]).toEqual([2, [], 2]);
    expect(log.find(first.operation_id)?.number).toBe(2);
    expect(new ResultLog(JSON.parse(JSON.stringify(log.stored()))).stored()).toEqual(log.stored());
  });

  test("knows the last close: any that may have closed a batch, and one that has begun", () => {
    const log = new ResultLog();
    expect(log.lastClose).toBeUndefined();
    const [first, byHand, unknown, later] = [
      close("1"),
      close("2", { by_hand: true }),
      close("", { status: "FAILED", reason: "device_error", unknown_end: true, result: undefined }),
      begun({ operation: "end_of_day" }),
    ];
    for (const one of [first, byHand, unknown]) {
      log.apply({ results: [one] }, 0);
      expect(log.lastClose).toBe(one.operation_id);
    }
    const noCloses = [
      close("3", { result: { outcome: "declined", batch_id: "3" } }),
      close("3", { repeats: first.operation_id }),
      close("", { status: "FAILED", reason: "out_of_step", result: undefined }),
      result(),
    ];
    log.apply({ results: noCloses }, 0);
    expect([log.lastClose, log.batch]).toEqual([unknown.operation_id, "2"]);
    log.apply({ begun: later }, 0);
    expect([log.lastClose, log.closing]).toEqual([later.operation_id, later]);
    log.apply({ takenBack: later.operation_id }, 0);
    expect(log.lastClose).toBe(unknown.operation_id);
  });

  test("is contradicted by who holds more, or something else under a number", () => {
    const log = logOf([result(), result(), result()]);
    const idOf = (number: number) => log.entries[number - 1]?.operation_id ?? "";
    expect(log.contradicts({ number: 0 })).toBe(false);
    for (const number of [1, 2, 3]) {
      expect(log.contradicts({ number, id: idOf(number) })).toBe(false);
      expect(log.contradicts({ number, id: result().operation_id })).toBe(true);
    }
    expect(log.contradicts({ number: 4, id: idOf(3) })).toBe(true);
    expect(new ResultLog().contradicts({ number: 1, id: idOf(1) })).toBe(true);
    // What is not kept any more cannot be compared.
    const late = new ResultLog({ ...emptyLog, results: log.entries.slice(2) });
    expect(late.contradicts({ number: 1, id: result().operation_id })).toBe(false);
  });

  test("for another address is numbered anew, without gaps", () => {
    const entries = [2, 5, 6].map((number) => ({ ...result(), number }));
    const first = begun();
    const log = new ResultLog({ ...emptyLog, results: entries, begun: [first], batch: "7" }).renumbered();
    expect(numbersOf(log)).toEqual([1, 2, 3]);
    expect([log.begun, log.batch, log.after(0, 9).some(({ after }) => after !== undefined)]).toEqual([
      [first],
      "7",
      false,
    ]);
  });
});

describe("what is kept", () => {
  const { journalEntriesKept: kept, journalDaysKept: days } = limits;
  const results = (count: number, day: number) => Array.from({ length: count }, () => result(on(day)));

  test("of old results the last 50 of each kind, of the last 7 days all, and the last close for ever", () => {
    const log = logOf([close("1", on(0)), ...results(200, 0)], 0);
    expect(log.last).toBe(201);
    const held = 201;
    log.apply({ results: [result(on(days))] }, held);
    expect(log.entries).toHaveLength(202);
    log.apply({ results: [result(on(days + 1))] }, held);
    const old = 201 - (kept - 2) + 1;
    expect(numbersOf(log)).toEqual([1, ...Array.from({ length: kept }, (_, index) => old + index)]);
    expect(log.find(log.entries[0]?.operation_id ?? "")?.number).toBe(1);
    // The next after the gap says that something is missing; so does nobody else.
    expect(log.after(1, 3).map(({ number, after }) => [number, after])).toEqual([
      [old, 1],
      [old + 1, undefined],
      [old + 2, undefined],
    ]);
  });

  test("all that the server does not hold, as far as its last word said", () => {
    const log = logOf(results(200, 0), 0);
    log.apply({ results: [result(on(100))] }, 0);
    expect(log.entries).toHaveLength(201);
    log.apply({ results: [result(on(100))] }, 120);
    expect(numbersOf(log)).toEqual(Array.from({ length: 82 }, (_, index) => 121 + index));
  });

  test("in any order of things: never less than that, and nothing that is told is out of order", () => {
    const entry = fc.record({ closes: fc.boolean(), day: fc.nat(3), held: fc.nat(200) });
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 200 }), (script) => {
        const log = new ResultLog();
        const all: ReportedResult[] = [];
        let day = 0;
        let held = 0;
        for (const one of script) {
          day += one.day;
          held = Math.min(one.held, log.last);
          const next = one.closes ? close(String(all.length), on(day)) : result(on(day));
          log.apply({ results: [next] }, held);
          all.push(next);
        }
        const lastOf = (closes: boolean) => all.filter((one) => isClose(one) === closes).slice(-kept);
        const recent = all.filter(({ finished_at }) => Date.parse(finished_at) >= noon + (day - days) * dayMs);
        const wanted = [...lastOf(true), ...lastOf(false), ...recent, ...all.slice(held)];
        for (const { operation_id } of wanted) expect(log.find(operation_id)).toBeDefined();
        // Whoever takes only what comes after the number that they hold, from the beginning, gets all of it.
        const told: number[] = [];
        for (const { number, after = number - 1 } of log.after(0, log.last)) {
          expect(after).toBe(told.at(-1) ?? 0);
          told.push(number);
        }
        expect(told).toEqual(numbersOf(log));
      }),
    );
  });
});
