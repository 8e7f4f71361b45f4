import type { HelloMessage } from "@tillkeeper/contract/mqtt";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../test/support/fake-clock.ts";
import { backoff } from "./backoff.ts";
import { Greeting } from "./greeting.ts";
import type { ReportedResult } from "./outcome.ts";
import { OutstandingResults } from "./outstanding-results.ts";
import { ServerTime } from "./server-time.ts";

const noon = "2026-06-29T12:00:00.000Z";
const repeat = { firstMs: 2000, longestMs: 30_000 };
const result = (id: string): ReportedResult => ({
  operation_id: id,
  operation: "open_menu",
  status: "COMPLETED",
  finished_at: noon,
});

test("backoff doubles to its longest and stays between half and all of it", () => {
  const lowest = [0, 1, 2, 3, 10, 1000].map((attempt) => backoff(attempt, 200, 10_000, () => 0));
  expect(lowest).toEqual([100, 200, 400, 800, 5000, 5000]);
  expect(backoff(1000, 200, 10_000, () => 1)).toBe(10_000);
});

function outstandingResults() {
  const clock = new FakeClock(noon);
  const sent: { id: string; at: number }[] = [];
  const send = ({ operation_id: id }: ReportedResult) => sent.push({ id, at: clock.monotonic() });
  return { clock, sent, results: new OutstandingResults({ clock, send, repeat }) };
}

describe("outstanding results", () => {
  test("are repeated at growing intervals of at most 30 s until the receipt", () => {
    const { clock, sent, results } = outstandingResults();
    results.resume();
    results.add(result("a"));
    expect(sent).toHaveLength(1);
    clock.advance(600_000);
    const gaps = sent.slice(1).map(({ at }, index) => at - (sent[index]?.at ?? 0));
    expect(gaps[0]).toBeLessThanOrEqual(2000);
    expect(gaps[0]).toBeGreaterThanOrEqual(1000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30_000);
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(15_000);
    results.remove("a");
    expect(clock.timers).toBe(0);
  });

  test("wait without a timer while there is no link, and go out at once when there is", () => {
    const { clock, sent, results } = outstandingResults();
    results.add(result("a"));
    results.add(result("b"));
    expect([sent.length, clock.timers]).toEqual([0, 0]);
    results.resume();
    expect(sent.map(({ id }) => id)).toEqual(["a", "b"]);
    results.pause();
    expect(clock.timers).toBe(0);
  });
});

function greeter() {
  const clock = new FakeClock(noon);
  const hellos: HelloMessage[] = [];
  const greeting = new Greeting({
    clock,
    serverTime: new ServerTime(clock),
    agentName: "test",
    operations: () => [],
    send: (hello) => hellos.push(hello),
    repeat,
    patienceMs: 5000,
  });
  const answer = (hello: HelloMessage | undefined) =>
    greeting.welcomed({ protocol: 1, server_time: noon, hello_sent_at: hello?.sent_at ?? "" });
  return { clock, hellos, greeting, answer };
}

describe("the greeting", () => {
  test("says hello until a welcome answers it, then rests", () => {
    const { clock, hellos, greeting, answer } = greeter();
    greeting.begin("link");
    clock.advance(2000);
    expect(hellos).toHaveLength(2);
    expect(answer(hellos.at(-1))).toBeGreaterThanOrEqual(0);
    expect(clock.timers).toBe(0);
  });

  test("holds an operation back for the welcome, and asks again when the clocks came into doubt", async () => {
    const { clock, hellos, greeting, answer } = greeter();
    const { signal } = new AbortController();
    greeting.begin("link");
    const first = greeting.settled(signal);
    answer(hellos[0]);
    await first;
    await greeting.settled(signal);
    clock.jump(60_000);
    const second = greeting.settled(signal);
    expect(hellos).toHaveLength(2);
    answer(hellos[1]);
    await second;
    expect(clock.timers).toBe(0);
  });

  test("does not hold it back for longer than its patience, nor after a stop", async () => {
    const { clock, greeting } = greeter();
    const abort = new AbortController();
    const patient = greeting.settled(abort.signal);
    clock.advance(5000);
    await patient;
    const stopped = greeting.settled(abort.signal);
    abort.abort();
    await stopped;
    expect(clock.timers).toBe(0);
  });
});
