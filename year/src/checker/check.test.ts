import { describe, expect, it } from "vitest";
import { check } from "./check.ts";
import { type Broken, close, hour, leaveOpen, sell, sound, tell } from "./sound-history.ts";

const lawsOf = (breakIt: (history: Broken) => void) => {
  const history = sound();
  breakIt(history);
  return [...new Set(check(history).findings.map(({ law }) => law))].toSorted();
};
const away = (from: number, until: number) => (history: Broken) => {
  const [terminal] = history.terminals;
  if (terminal) terminal.faults = [{ from: hour(from), until: hour(until), condition: "away" }];
};
const changed = (at: number, change: Partial<Broken["stores"][number]["states"][number]>) => (history: Broken) => {
  const states = history.stores[0]?.states;
  const [first] = states ?? [];
  if (first) states?.push({ ...first, ...change, at: hour(at) });
};
/** The second day is closed at that hour; its window ends at hour 50, and the terminal was not there before. */
const closedAtTheEnd = (at: number) => (history: Broken) => {
  const closes = history.terminals[0]?.devices[0]?.history.closes;
  if (closes?.[1]) closes[1].at = hour(at);
  away(46, 50)(history);
};

describe("the checker of the year", () => {
  it("finds nothing where every day was closed once, and judges each of them", () => {
    const { findings, days, due, closes } = check(sound());
    expect(findings).toEqual([]);
    expect([days, due, closes]).toEqual([6, 3, 3]);
  });

  it.each<[string, string[], (history: Broken) => void]>([
    [
      "a second close of a day",
      ["closed twice"],
      (history) => {
        sell(history, 23);
        close(history, { label: "2031-03-28", at: 24 });
      },
    ],
    [
      "a close before the time, by the clock of another zone",
      ["wrong time"],
      (history) => {
        const closes = history.terminals[0]?.devices[0]?.history.closes;
        if (closes?.[2]) closes[2].at = hour(68.5);
      },
    ],
    [
      "nothing, where a close was sent at the end of its window, and begun before its deadline",
      [],
      closedAtTheEnd(50.04),
    ],
    ["a close that was begun after its deadline", ["missed and not told", "wrong time"], closedAtTheEnd(50.06)],
    [
      "a close an hour late, after the window of a night in which clocks go forward",
      ["wrong time"],
      (history) => {
        sell(history, 48);
        close(history, { label: "2031-03-29", at: 50.1 });
        history.terminals[0]?.devices[0]?.history.closes.splice(1, 1);
        history.operations.delete("operation 1");
        tell(history, "2031-03-29");
        const told = history.closings[1];
        if (told) Object.assign(told, { totals: { batches: 1, count: 2, amount: 500 } });
        for (const one of told?.terminals ?? []) one.closeId = "operation 3";
        away(46, 50)(history);
      },
    ],
    [
      "a second close within a day, of another one",
      ["closed twice", "wrong time"],
      (history) => {
        sell(history, 52);
        close(history, { label: "2031-03-28", at: 53 });
        const told = history.closings[0];
        if (told) Object.assign(told, { totals: { batches: 2, count: 4, amount: 1_000 } });
      },
    ],
    [
      "a close later than the terminal was there",
      ["closed late"],
      (history) => {
        const closes = history.terminals[0]?.devices[0]?.history.closes;
        if (closes?.[1]) closes[1].at = hour(48);
      },
    ],
    ["a day that was left open, and told to nobody", ["missed and not told", "not closed"], leaveOpen],
    [
      "a day that was left open and told, although it could be closed",
      ["not closed"],
      (history) => {
        leaveOpen(history);
        tell(history, "2031-03-29");
      },
    ],
    [
      "a day that could not be closed, and was told to nobody",
      ["missed and not told"],
      (history) => {
        leaveOpen(history);
        away(46, 50)(history);
      },
    ],
    ["a day that was told as missed, and was closed", ["told as missed"], (history) => tell(history, "2031-03-29")],
    [
      "a day that was told twice",
      ["told twice"],
      (history) => {
        leaveOpen(history);
        away(46, 50)(history);
        tell(history, "2031-03-29");
        tell(history, "2031-03-29");
      },
    ],
    ["a close while the store was suspended", ["wrong time"], changed(40, { suspended: true })],
    [
      "a terminal that was closed for another store",
      ["wrong store"],
      (history) => {
        const [terminal] = history.terminals;
        terminal?.stores.push({ at: hour(30), store: 1 });
        const closes = terminal?.devices[0]?.history.closes;
        closes?.splice(2, 1);
        history.closings.splice(2, 1);
        history.operations.delete("operation 2");
        terminal?.devices[0]?.history.sales.splice(2, 1);
      },
    ],
    [
      "a close that no closing sent",
      ["no closing", "report"],
      (history) => void history.operations.delete("operation 1"),
    ],
    ["a closing without a report", ["no report"], (history) => void history.closings.pop()],
    [
      "a report with other sums",
      ["report"],
      (history) => {
        const told = history.closings[1]?.totals;
        if (told) told.amount += 1;
      },
    ],
    [
      "an empty batch that was closed",
      ["nothing to close"],
      (history) => {
        for (const one of history.terminals[0]?.devices[0]?.history.closes.slice(1, 2) ?? [])
          one.batch = { id: "1", count: 0, amount: 0 };
        for (const one of history.closings[1]?.terminals ?? []) Object.assign(one, { count: 0, amount: 0 });
        Object.assign(history.closings[1] ?? {}, { totals: { batches: 1, count: 0, amount: 0 } });
        history.terminals[0]?.devices[0]?.history.sales.splice(1, 1);
      },
    ],
  ])("finds %s", (_, laws, breakIt) => {
    expect(lawsOf(breakIt)).toEqual(laws);
  });

  it("forgives a day on which the plan left no time, if that was told", () => {
    const history = sound();
    leaveOpen(history);
    away(46, 50)(history);
    tell(history, "2031-03-29");
    const { findings, prevented } = check(history);
    expect(findings).toEqual([]);
    expect(prevented).toBe(1);
  });

  it("does not judge a day in whose window the store was changed", () => {
    expect(
      lawsOf((history) => {
        leaveOpen(history);
        changed(47, {})(history);
      }),
    ).toEqual([]);
  });
});
