import { describe, expect, it } from "vitest";
import { afterEvent, type PresenceEvent, type PresenceState } from "./events.ts";
import { aloneMs } from "./sharing.ts";

const noon = Date.parse("2026-06-29T12:00:00.000Z");
const at = (seconds: number) => new Date(noon + seconds * 1_000);
const alone = aloneMs / 1_000;

interface Said {
  every?: number;
  fault?: string;
}
const said = (seconds: number, session: string, { every = 30, fault }: Said = {}) => ({
  at: at(seconds),
  session,
  nextExpectedAt: at(seconds + every),
  address: "T1-D1",
  roundTripMs: null,
  fault: fault === undefined ? null : { code: fault },
});
const hello = (seconds: number, session: string, more?: Said): PresenceEvent => ({
  kind: "hello",
  ...said(seconds, session, more),
});
const beat = (seconds: number, session: string, more?: Said): PresenceEvent => ({
  kind: "heartbeat",
  ...said(seconds, session, more),
});
const gone = (seconds: number, session: string): PresenceEvent => ({ kind: "gone", at: at(seconds), session });

function follow(events: PresenceEvent[], from?: PresenceState) {
  let state = from;
  const changes: string[] = [];
  for (const event of events) {
    const after = afterEvent(state, event);
    state = after.state;
    changes.push(...after.changes.map((change) => `${change.status} ${change.reason}`));
  }
  return { state: state as PresenceState, changes };
}
const sharedIn = (events: PresenceEvent[]) => follow(events).changes.includes("online address_shared");

/** Two that push each other out: each is on a new connection whenever it is heard. */
const pushing = (times: number) =>
  Array.from({ length: times }, (_, turn) => hello(turn, `${turn % 2 ? "b" : "a"}.${turn}`));

describe("two devices with one address", () => {
  it.each<[string, PresenceEvent[]]>([
    ["push each other out", pushing(5)],
    [
      "push each other out, and the broker tells of each end",
      pushing(5).flatMap((one, turn) => [one, gone(turn + 0.5, "x.1")]),
    ],
    [
      "are both connected",
      [
        hello(0, "a.1"),
        hello(1, "b.1"),
        beat(2, "a.1"),
        beat(3, "b.1"),
        beat(30, "a.1"),
        beat(31, "b.1"),
        beat(60, "a.1"),
      ],
    ],
    [
      "are both connected, and hardly say anything",
      [
        hello(0, "a.1", { every: 3_600 }),
        hello(1, "b.1"),
        ...[1, 2, 3].flatMap((hour) => [
          beat(hour * 3_600, "a.1", { every: 3_600 }),
          beat(hour * 3_600 + 9, "b.1", { every: 3_600 }),
        ]),
      ],
    ],
  ])("that %s are found", (_, events) => {
    expect(sharedIn(events)).toBe(true);
  });

  it("are told as a fault and a change; the status stays, and so does since when it is that", () => {
    const { state, changes } = follow(pushing(7));
    expect(changes).toEqual(["online connected", "online address_shared"]);
    expect(state).toMatchObject({ status: "online", since: at(0), fault_code: "address_shared", fault_at: at(4) });
    expect(state.fault_ended_at).toBeNull();
  });

  it("are told also where the history has had too many changes", () => {
    const { changes } = follow(
      pushing(30).flatMap((one, turn) => [one, gone(turn + 0.5, `${turn % 2 ? "b" : "a"}.${turn}`)]),
    );
    expect(changes).toContain("online address_shared");
  });

  it("are told until one alone has been heard for a while, and anew when both are back", () => {
    const found = follow(pushing(5)).state;
    const before = follow([beat(4 + alone - 1, "a.4")], found).state;
    expect(before.fault_ended_at).toBeNull();
    const after = follow([beat(4 + alone, "a.4")], before).state;
    expect(after).toMatchObject({ fault_code: "address_shared", fault_at: at(4), fault_ended_at: at(4 + alone) });
    const again = [0, 1, 2].map((turn) => hello(5_000 + turn, `${turn % 2 ? "a" : "b"}.${10 + turn}`));
    expect(follow(again.slice(0, 2), after).changes).toEqual([]);
    expect(follow(again, after).changes).toEqual(["online address_shared"]);
  });

  it("hide what they tell of faults: nobody knows which of them has it", () => {
    const found = follow(pushing(5)).state;
    const told = follow([beat(30, "a.4", { fault: "tamper" })], found).state;
    expect(told).toMatchObject({ fault_code: "address_shared", fault_ended_at: null });
    const over = follow(
      [beat(30 + alone, "a.4", { fault: "tamper" }), beat(60 + alone, "a.4", { fault: "tamper" })],
      told,
    );
    expect(over.state).toMatchObject({ fault_code: "tamper", fault_at: at(60 + alone), fault_ended_at: null });
  });
});

describe("one device", () => {
  const times = (count: number, make: (turn: number) => PresenceEvent[]) =>
    Array.from({ length: count }, (_, turn) => make(turn)).flat();

  it.each<[string, PresenceEvent[]]>([
    ["comes back on a bad link", times(20, (turn) => [hello(turn, `a.${turn}`), gone(turn + 0.5, `a.${turn}`)])],
    [
      "comes back before its broker has noticed",
      times(20, (turn) => [hello(turn, `a.${turn}`), gone(turn + 0.5, `a.${turn - 1}`)]),
    ],
    ["is started anew over and over", times(20, (turn) => [hello(turn, `${turn}.1`), gone(turn + 0.5, `${turn}.1`)])],
    [
      "goes over HTTPS while MQTT comes and goes",
      times(20, (turn) => [hello(turn, `a.1`), hello(turn + 0.5, `a.${turn + 2}`)]),
    ],
    [
      "is started anew, and one of its messages comes late",
      [hello(0, "a.1"), hello(1, "b.1"), hello(2, "a.1"), ...times(20, (turn) => [beat(3 + turn, "b.1")])],
    ],
    [
      "is started anew, and its last heartbeats come late",
      [
        hello(0, "a.1"),
        hello(1, "b.1"),
        beat(2, "a.1"),
        beat(2, "a.1"),
        beat(2, "a.1"),
        beat(2, "a.1"),
        beat(3, "b.1"),
      ],
    ],
    ["names no runs", times(20, (turn) => [hello(turn, "x"), hello(turn + 0.5, "y")])],
    [
      "has a program beside it that names none",
      times(20, (turn) => [hello(turn, `a.${turn}`), hello(turn + 0.5, "by-hand")]),
    ],
  ])("that %s is not taken for two", (_, events) => {
    expect(sharedIn(events)).toBe(false);
  });

  it("is not taken for two that changed places now and then, long ago", () => {
    const rarely = times(20, (turn) => [hello(turn * (alone + 1), `${turn % 2 ? "a" : "b"}.${turn}`)]);
    expect(sharedIn(rarely)).toBe(false);
  });
});
