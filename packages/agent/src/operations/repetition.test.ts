import type { HelloMessage } from "@tillkeeper/contract/mqtt/messages";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { turn } from "../../test/support/turn.ts";
import { backoff } from "../backoff.ts";
import { HelloExchange } from "../talk/hello.ts";
import { ServerTime } from "../talk/server-time.ts";

const noon = "2026-06-29T12:00:00.000Z";
const repeat = { firstMs: 2000, longestMs: 30_000 };
test("backoff doubles to its longest and stays between half and all of it", () => {
  const lowest = [0, 1, 2, 3, 10, 1000].map((attempt) => backoff(attempt, 200, 10_000, () => 0));
  expect(lowest).toEqual([100, 200, 400, 800, 5000, 5000]);
  expect(backoff(1000, 200, 10_000, () => 1)).toBe(10_000);
});

function greeter() {
  const clock = new FakeClock(noon);
  const hellos: HelloMessage[] = [];
  const greeting = new HelloExchange({
    clock,
    serverTime: new ServerTime(clock),
    agentName: "test",
    abilities: [],
    operations: () => [],
    send: (hello) => hellos.push(hello),
    repeat,
    patienceMs: 5000,
  });
  const answer = (hello: HelloMessage | undefined) =>
    greeting.welcomed({ protocol: 1, server_time: noon, hello_sent_at: hello?.sent_at ?? "", memory: { number: 0 } });
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

  test("is prepared before each hello, and not said when the link is gone by then", async () => {
    const clock = new FakeClock(noon);
    const hellos: HelloMessage[] = [];
    const looks: (() => void)[] = [];
    const greeting = new HelloExchange({
      clock,
      serverTime: new ServerTime(clock),
      agentName: "test",
      abilities: [],
      operations: () => [],
      prepare: () => new Promise<void>((resolve) => looks.push(resolve)),
      send: (hello) => hellos.push(hello),
      repeat,
      patienceMs: 5000,
    });
    greeting.begin("one");
    await turn();
    expect([looks.length, hellos.length]).toEqual([1, 0]);
    looks[0]?.();
    await turn();
    expect(hellos).toHaveLength(1);
    clock.advance(2000);
    greeting.pause();
    looks[1]?.();
    await turn();
    expect([looks.length, hellos.length, clock.timers]).toEqual([2, 1, 0]);
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
