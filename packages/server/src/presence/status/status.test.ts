import { describe, expect, it } from "vitest";
import { mayBeConnected, type PresenceTimes, statusAt, stepsUntil } from "./status.ts";

const noon = Date.parse("2026-06-29T12:00:00.000Z");
/** So many seconds after noon. */
const at = (seconds: number) => new Date(noon + seconds * 1_000);

const online: PresenceTimes = {
  status: "online",
  since: at(-100),
  last_heard_at: at(0),
  next_expected_at: at(30),
  lost_at: null,
  shut_down_at: null,
};
const longAgo = at(-1_000);

describe("a standing", () => {
  it.each<[string, Partial<PresenceTimes>, Date, number, string, number]>([
    ["online while its heartbeat is not due", {}, longAgo, 29, "online", -100],
    ["online a little longer than that", {}, longAgo, 34.9, "online", -100],
    ["late five seconds after it was due", {}, longAgo, 35, "late", 35],
    ["late since then", {}, longAgo, 59.9, "late", 35],
    ["offline thirty seconds after it was due", {}, longAgo, 60, "offline", 60],
    ["offline since then", {}, longAgo, 10_000, "offline", 60],
    ["late since it was written so", { status: "late", since: at(36) }, longAgo, 40, "late", 36],
    ["offline since it was written so", { status: "offline", since: at(61) }, longAgo, 100, "offline", 61],
    ["late at once when its link was lost", { lost_at: at(5), next_expected_at: null }, longAgo, 5, "late", 5],
    ["offline twenty seconds after that", { lost_at: at(5), next_expected_at: null }, longAgo, 25, "offline", 25],
    ["not online for ever where nobody wrote when it is due", { next_expected_at: null }, at(-20), 15, "late", 15],
    ["shut down for ever", { status: "shut_down", shut_down_at: at(1) }, longAgo, 1e6, "shut_down", -100],
    ["online while it may come back after a gap", {}, at(100), 134, "online", -100],
    ["late when it did not come back after a gap", {}, at(100), 135, "late", 135],
    ["offline when it did not come back for long", {}, at(100), 160, "offline", 160],
    ["as late as before a gap", { status: "late", since: at(36) }, at(100), 101, "late", 36],
    ["as offline as before a gap", { status: "offline", since: at(61) }, at(100), 101, "offline", 61],
    [
      "late when its link was lost before a gap",
      { lost_at: at(5), status: "late", since: at(5) },
      at(100),
      129,
      "late",
      5,
    ],
    [
      "online when a clock was put back since it was heard",
      { last_heard_at: at(4_000), next_expected_at: at(4_030) },
      at(0),
      34,
      "online",
      -100,
    ],
    [
      "late when it did not come back after that",
      { last_heard_at: at(4_000), next_expected_at: at(4_030), since: at(3_000) },
      at(0),
      35,
      "late",
      35,
    ],
    ["lost when that was noted ahead", { lost_at: at(4_000), status: "late", since: at(4_000) }, at(0), 19, "late", 0],
    [
      "offline when it was lost ahead",
      { lost_at: at(4_000), status: "late", since: at(4_000) },
      at(0),
      20,
      "offline",
      20,
    ],
    ["offline when it did not come back from that", { lost_at: at(5), status: "late" }, at(100), 130, "offline", 130],
  ])("is %s", (_, times, listeningSince, seconds, status, since) => {
    expect(statusAt({ ...online, ...times }, listeningSince, at(seconds))).toMatchObject({
      status,
      since: at(since),
    });
  });
});

describe("what has become of a terminal", () => {
  it.each<[string, Partial<PresenceTimes>, number, [string, number][]]>([
    ["nothing", {}, 30, []],
    ["it is late", {}, 36, [["late", 35]]],
    [
      "it was late before it was offline",
      {},
      600,
      [
        ["late", 35],
        ["offline", 60],
      ],
    ],
    ["it was late just before it was offline", { status: "late", since: at(60) }, 600, [["offline", 60.001]]],
    ["it was late already", { status: "late", since: at(35) }, 600, [["offline", 60]]],
    ["its link was lost", { status: "late", lost_at: at(5) }, 600, [["offline", 25]]],
    ["it was offline already", { status: "offline" }, 600, []],
  ])("is that %s", (_, times, seconds, expected) => {
    const steps = stepsUntil({ ...online, ...times }, longAgo, at(seconds));
    expect(steps).toMatchObject(expected.map(([status, since]) => ({ status, since: at(since) })));
  });
});

describe("a terminal of whose connection nothing is seen", () => {
  it.each<[string, Partial<PresenceTimes> | undefined, boolean]>([
    ["of which nothing is known", undefined, true],
    ["that says nothing", {}, false],
    ["that is late", { next_expected_at: at(590) }, true],
    ["whose link was lost", { lost_at: at(5), status: "late" }, false],
    ["that said goodbye", { shut_down_at: at(5), status: "shut_down" }, false],
  ])("%s", (_, known, expected) => {
    expect(mayBeConnected(known && { ...online, ...known }, longAgo, at(600))).toBe(expected);
  });
});
