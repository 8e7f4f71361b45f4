import { describe, expect, it } from "vitest";
import { afterEvent, type PresenceEvent, type PresenceState } from "./events.ts";

const noon = Date.parse("2026-06-29T12:00:00.000Z");
const at = (seconds: number) => new Date(noon + seconds * 1_000);

const hello = (seconds: number, session = "A"): PresenceEvent => ({
  kind: "hello",
  at: at(seconds),
  session,
  nextExpectedAt: at(seconds + 30),
  address: "T1-D1",
});
const beat = (seconds: number, session = "A", fault: string | null = null): PresenceEvent => ({
  kind: "heartbeat",
  at: at(seconds),
  session,
  nextExpectedAt: at(seconds + 30),
  address: "T1-D1",
  roundTripMs: null,
  fault: fault === null ? null : { code: fault },
});
const heard = (seconds: number): PresenceEvent => ({
  kind: "heard",
  at: at(seconds),
  nextExpectedAt: at(seconds + 30),
  address: "T1-D1",
});
const gone = (seconds: number, session = "A"): PresenceEvent => ({
  kind: "gone",
  at: at(seconds),
  session,
});
const goodbye = (seconds: number, session = "A"): PresenceEvent => ({ kind: "goodbye", at: at(seconds), session });

function follow(events: PresenceEvent[], from?: PresenceState) {
  let state = from;
  const changes: string[] = [];
  for (const event of events) {
    const after = afterEvent(state, event);
    state = after.state;
    changes.push(...after.changes.map(({ status, reason }) => `${status} ${reason}`));
  }
  return { state, changes };
}

describe("what is heard of a terminal", () => {
  it.each<[string, PresenceEvent[], string | undefined, string[]]>([
    ["nothing known, a stray message", [heard(0)], undefined, []],
    ["nothing known, an end", [gone(0), goodbye(1)], undefined, []],
    ["a hello", [hello(0)], "online", ["online connected"]],
    ["hello again on the same connection", [hello(0), hello(9)], "online", ["online connected"]],
    ["a heartbeat of a connection whose hello got lost", [beat(0)], "online", ["online connected"]],
    ["a lost link", [hello(0), gone(5)], "late", ["online connected", "late link_lost"]],
    ["a lost link, told twice", [hello(0), gone(5), gone(6)], "late", ["online connected", "late link_lost"]],
    ["a goodbye", [hello(0), goodbye(5)], "shut_down", ["online connected", "shut_down goodbye"]],
    [
      "a goodbye and then the will",
      [hello(0), goodbye(5), gone(6)],
      "shut_down",
      ["online connected", "shut_down goodbye"],
    ],
    [
      "the will and then the goodbye",
      [hello(0), gone(5), goodbye(5)],
      "shut_down",
      ["online connected", "late link_lost", "shut_down goodbye"],
    ],
    [
      "the will of a connection that is not the latest",
      [hello(0), hello(5, "B"), gone(6)],
      "online",
      ["online connected"],
    ],
    [
      "the goodbye of one that is not the latest",
      [hello(0), hello(5, "B"), goodbye(6)],
      "online",
      ["online connected"],
    ],
    [
      "a straggler of a connection that has ended",
      [hello(0), gone(5), beat(6), heard(7), hello(5)],
      "late",
      ["online connected", "late link_lost"],
    ],
    [
      "a straggler after goodbye",
      [hello(0), goodbye(5), beat(6), heard(7)],
      "shut_down",
      ["online connected", "shut_down goodbye"],
    ],
    ["a hello overtaken by that of a later connection", [hello(5, "B"), hello(3)], "online", ["online connected"]],
    [
      "back on a new connection",
      [hello(0), gone(5), hello(6, "B")],
      "online",
      ["online connected", "late link_lost", "online connected"],
    ],
    [
      "the same name again, after its end",
      [hello(0), goodbye(5), hello(60)],
      "online",
      ["online connected", "shut_down goodbye", "online connected"],
    ],
    [
      "another connection that goes on when the latest ends",
      [hello(0), hello(1, "B"), beat(2), gone(3, "B"), beat(30)],
      "online",
      ["online connected", "late link_lost", "online connected"],
    ],
    [
      "a heartbeat of another connection while the latest lives",
      [hello(0), hello(1, "B"), beat(2)],
      "online",
      ["online connected"],
    ],
  ])("%s", (_, events, status, changes) => {
    const { state, changes: made } = follow(events);
    expect({ status: state?.status, changes: made }).toEqual({ status, changes });
  });

  it("keeps changes in order that happen within one millisecond, or are heard of late", () => {
    const events = [hello(0), gone(0), hello(0, "B"), gone(0, "B"), hello(0, "C"), goodbye(-3, "C")];
    let state: PresenceState | undefined;
    const told: [string, number][] = [];
    for (const event of events) {
      const after = afterEvent(state, event);
      for (const change of after.changes) told.push([change.status, change.at.getTime() - noon]);
      state = after.state;
      expect(state?.since.getTime()).toBe(noon + (told.at(-1)?.[1] ?? Number.NaN));
    }
    expect(told).toEqual([
      ["online", 0],
      ["late", 1],
      ["online", 2],
      ["late", 3],
      ["online", 4],
      ["shut_down", 5],
    ]);
  });

  it("ends a silence, by a heartbeat or any other message", () => {
    const { state } = follow([hello(0)]);
    const silent = { ...state, status: "offline", since: at(60) } as PresenceState;
    for (const sign of [beat(90), heard(90)]) {
      const after = follow([sign], silent);
      expect(after.changes).toEqual(["online heard_again"]);
      expect(after.state).toMatchObject({
        status: "online",
        since: at(90),
        last_heard_at: at(90),
        next_expected_at: at(120),
      });
    }
  });

  it("does not make one late that was offline already, when at last its link breaks", () => {
    const { state } = follow([hello(0)]);
    const silent = { ...state, status: "offline", since: at(60) } as PresenceState;
    const after = follow([gone(70)], silent);
    expect(after.changes).toEqual([]);
    expect(after.state).toMatchObject({ status: "offline", since: at(60), lost_at: at(70) });
  });

  it("keeps since when a fault is told, and when it ended", () => {
    const begun = follow([hello(0), beat(1, "A", "tamper"), beat(31, "A", "tamper")]).state;
    expect(begun).toMatchObject({ fault_code: "tamper", fault_at: at(1), fault_ended_at: null });
    const ended = follow([beat(61)], begun).state;
    expect(ended).toMatchObject({ fault_code: "tamper", fault_at: at(1), fault_ended_at: at(61) });
    expect(follow([beat(91, "A", "tamper")], ended).state).toMatchObject({ fault_at: at(91), fault_ended_at: null });
  });
});
