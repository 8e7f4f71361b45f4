import { describe, expect, it } from "vitest";
import { check } from "./check.ts";
import type { Promised, StreamLine } from "./history.ts";
import { addEvents, at, type Broken, healthy } from "./sound-history.ts";

const linesOf = (history: Broken) => history.streams[0]?.lines as StreamLine[];

/** Changes that break the events of a sound history, with the promise whose check must report it. */
const breakages: [string, Promised, (history: Broken) => void][] = [
  [
    "an operation has no event of its end",
    "changes_have_events",
    (history) => {
      const ended = history.events.find(({ cause }) => cause === "ended");
      if (ended) ended.cause = "something";
    },
  ],
  [
    "an operation was accepted twice, by its events",
    "changes_have_events",
    (history) => {
      const last = history.events.at(-1);
      if (last) Object.assign(last, { cause: "accepted", subject: "op-1" });
      // The late result of the other operation is told by nothing then, which is another finding of the same promise.
    },
  ],
  [
    "a position is missing",
    "positions_without_gap",
    (history) => {
      const last = history.events.at(-1);
      if (last) last.id = "0000000e-9";
      history.received = history.received.map((one) => ({ ...one, id: one.id.replace("e-5", "e-9") }));
      linesOf(history).pop();
      linesOf(history).push({ type: "reset", at: at(31), id: "0000000e-9" });
      history.lost = [{ from: at(29), to: at(30) }];
    },
  ],
  [
    "a stream told an event twice",
    "streams_are_whole",
    (history) => linesOf(history).push(linesOf(history)[0] as never),
  ],
  ["a stream skipped an event", "streams_are_whole", (history) => linesOf(history).splice(1, 1)],
  ["a stream did not tell the last event", "streams_are_whole", (history) => linesOf(history).pop()],
  [
    "a stream told an event of another epoch in its place",
    "streams_are_whole",
    (history) => {
      const [first] = linesOf(history);
      if (first) first.id = "0000000f-1";
    },
  ],
  ["a webhook did not come", "webhooks_come", (history) => history.received.pop()],
  [
    "a webhook had a wrong signature",
    "webhooks_come",
    (history) => {
      const [first] = history.received;
      if (first) first.signed = false;
    },
  ],
  [
    "a reader was told to read anew for no reason",
    "reset_for_a_reason",
    (history) => linesOf(history).push({ type: "reset", at: at(31), id: history.events.at(-1)?.id ?? "" }),
  ],
];

describe("the checker of events", () => {
  it("finds nothing where every change was told once, in order", () => {
    const history = healthy();
    addEvents(history);
    expect(check(history)).toEqual([]);
  });

  it.each(breakages)("finds that %s", (_, promise, breakIt) => {
    const history = healthy();
    addEvents(history);
    breakIt(history);
    expect(new Set(check(history).map((violation) => violation.promise))).toEqual(new Set([promise]));
  });

  it("lets a reader begin anew after the database went back", () => {
    const history = healthy();
    addEvents(history);
    const [first, ...others] = linesOf(history);
    const lost: StreamLine = { type: "event", at: at(29), id: "0000000a-2", event: "terminal_presence", subject: "x" };
    history.streams = [
      {
        accountId: history.streams[0]?.accountId ?? "",
        lines: [first as StreamLine, lost, { type: "reset", at: at(31), id: first?.id ?? "" }, ...others],
      },
    ];
    history.lost = [{ from: at(28), to: at(30) }];
    expect(check(history)).toEqual([]);
  });
});
