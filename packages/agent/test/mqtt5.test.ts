import type { DownChannel } from "@tillkeeper/contract/mqtt/topics";
import { until } from "@tillkeeper/stage/until";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../src/clock.ts";
import type { Credential } from "../src/links/connection.ts";
import { type MqttLink, openMqttVersion } from "../src/links/mqtt-connection.ts";
import type { MqttVersion } from "../src/links/mqtt-version.ts";
import { sessionNames } from "../src/links/session-names.ts";
import { recordingLog } from "./support/agents.ts";
import { Broker5 } from "./support/broker5.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { address } from "./support/scene.ts";
import { turn } from "./support/turn.ts";

let broker: Broker5;
let links: MqttLink[] = [];
beforeEach(async () => {
  broker = await Broker5.start();
});
afterEach(async () => {
  await Promise.all(links.map((link) => link.destroy()));
  links = [];
  await broker.close();
});

/**
 * A connection to the broker that records its events. Its clock moves only when the test says so, or is the system's.
 */
function open(version: MqttVersion = "auto", credential: Partial<Credential> = {}, clock = new FakeClock(0)) {
  const heard = {
    ups: 0,
    downs: [] as (string | undefined)[],
    refusals: 0,
    messages: [] as { channel: DownChannel; message: unknown }[],
  };
  const { log, lines } = recordingLog();
  const link = openMqttVersion(version)({
    credential: {
      url: broker.url,
      address,
      password: "secret",
      refused: () => (heard.refusals += 1),
      ...credential,
    },
    clock,
    log,
    nextSession: sessionNames(),
    events: {
      up: () => (heard.ups += 1),
      down: (why) => heard.downs.push(why),
      message: (channel, payload) =>
        heard.messages.push({ channel, message: JSON.parse(Buffer.from(payload).toString()) }),
    },
  });
  links.push(link);
  return { link, heard, clock, lines };
}

const attempts = (count: number) => until(() => broker.attempts.length >= count, `${count} attempts`);
/** Resolves when nothing is under way any more: a connect loop without a pause would show in the counts by then. */
async function settled(): Promise<void> {
  await until(() => broker.openConnections === 0, "no connection");
  for (let round = 0; round < 50; round += 1) await turn();
}

describe("an agent", () => {
  test("speaks MQTT 5 with a broker that does", async () => {
    const { heard } = open();
    await until(() => heard.ups === 1, "a link");
    expect(broker.levels).toEqual([5]);
  });

  test.each(["refuses 5", "closes on 5"] as const)(
    "falls back to 3.1.1 at once where a broker %s, and remembers it",
    async (greeting) => {
      broker.greetings = [greeting];
      const { heard, link, lines } = open();
      // The clock did not move, so there was no pause.
      await until(() => heard.ups === 1, "a link");
      expect(broker.levels).toEqual([5, 4]);
      expect(lines).toEqual(["connected"]);
      link.use({ url: broker.url, address, password: "other" });
      await until(() => heard.downs.length === 1, "the end of the link");
      const other = open();
      await until(() => other.heard.ups === 1, "a link of another terminal");
      expect(broker.levels).toEqual([5, 4, 4]);
      expect(heard.refusals).toBe(0);
    },
  );

  test("tries each version once, then pauses, with a broker that closes every connection", async () => {
    broker.greetings = ["closes"];
    const { clock } = open();
    await attempts(2);
    await settled();
    expect(broker.levels).toEqual([5, 4]);
    clock.advance(200);
    await attempts(4);
    await settled();
    expect(broker.levels).toEqual([5, 4, 5, 4]);
    expect(clock.timers).toBe(1);
  });

  test("does not take a broker for an old one that closes a connection now and then", async () => {
    broker.greetings = [{ code: 0 }, "closes", "closes", "closes on 5"];
    const { heard, link, clock } = open();
    await until(() => heard.ups === 1, "a link");
    link.drop();
    for (const count of [2, 3, 4]) {
      await until(() => clock.timers === 1, "a pause");
      clock.advance(10_000);
      await attempts(count);
    }
    await until(() => heard.ups === 2, "a link with what stands there now");
    expect(broker.levels).toEqual([5, 5, 5, 5, 4]);
  });

  test.each([
    ["5", "refuses 5", 5],
    ["3.1.1", { code: 0 }, 4],
  ] as const)("speaks nothing but %s when told to", async (version, greeting, level) => {
    broker.greetings = [greeting];
    const { clock } = open(version);
    await attempts(1);
    if (level === 5) {
      await until(() => clock.timers === 1, "a pause");
      clock.advance(200);
      await attempts(2);
    }
    expect(new Set(broker.levels)).toEqual(new Set([level]));
  });
});

describe("a reason code", () => {
  test.each([
    ["not authorized", 0x87],
    ["bad user name or password", 0x86],
    ["use another server", 0x9c],
    ["server moved", 0x9d],
  ])("of a refusal, %s, has the token renewed", async (_, code) => {
    // Property 28 is "Server Reference": the agent does not connect to the server that it names.
    const elsewhere = [28, 0, 9, ...Buffer.from("127.0.0.9")];
    broker.greetings = [{ code, properties: elsewhere }, { code: 0 }];
    const { heard, clock } = open();
    await until(() => heard.refusals === 1, "a refusal");
    clock.advance(200);
    await until(() => heard.ups === 1, "a link");
    expect(broker.levels).toEqual([5, 5]);
  });

  test.each([
    ["server unavailable", 0x88],
    ["server busy", 0x89],
    ["connection rate exceeded", 0x9f],
  ])("of a refusal, %s, is answered by longer and longer pauses", async (_, code) => {
    broker.greetings = [{ code }];
    const { heard, clock } = open();
    const pauses = () => until(() => clock.timers === 1, "a pause");
    await attempts(1);
    await pauses();
    for (const [shortest, longest] of [
      [2_500, 5_000],
      [5_000, 10_000],
      [10_000, 20_000],
      [20_000, 40_000],
      [30_000, 60_000],
      [30_000, 60_000],
    ] as const) {
      const before = broker.attempts.length;
      clock.advance(shortest - 1);
      await settled();
      expect(broker.attempts).toHaveLength(before);
      clock.advance(longest - shortest + 1);
      await attempts(before + 1);
      await pauses();
    }
    expect(heard.refusals).toBe(0);
    expect(new Set(broker.levels)).toEqual(new Set([5]));
  });

  test("that says another device has come: it stands back, longer each time, and says why it is down", async () => {
    const { heard, clock } = open();
    for (const [round, shortest] of [2_500, 5_000, 10_000].entries()) {
      await until(() => heard.ups === round + 1, "a link");
      clock.advance(20_000);
      broker.disconnect(0x8e);
      await until(() => heard.downs.length === round + 1, "the end of the link");
      clock.advance(shortest - 1);
      await settled();
      expect(broker.attempts).toHaveLength(round + 1);
      clock.advance(2 * shortest);
    }
    expect(heard.downs).toEqual(["taken_over", "taken_over", "taken_over"]);
    // A connection that outlived the other device's longest pause resets the pauses.
    await until(() => heard.ups === 4, "a link");
    clock.advance(120_000);
    broker.disconnect(0x8e);
    await until(() => heard.downs.length === 4, "the end of the link");
    clock.advance(5_000);
    await attempts(5);
  });

  test.each([
    ["administrative action", 0x98],
    ["keep alive timeout", 0x8d],
    ["server shutting down", 0x8b],
    ["packet too large", 0x95],
  ])("of an end, %s, is no reason to wait longer than after any break", async (name, code) => {
    const { heard, clock, lines } = open();
    await until(() => heard.ups === 1, "a link");
    broker.disconnect(code);
    await until(() => heard.downs.length === 1, "the end of the link");
    clock.advance(200);
    await until(() => heard.ups === 2, `a link after ${name}`);
    expect(heard).toMatchObject({ downs: [undefined], refusals: 0 });
    expect(lines).toContain("cannot connect; will try again");
  });

  test("of an end, not authorized, has the token renewed", async () => {
    const { heard } = open();
    await until(() => heard.ups === 1, "a link");
    broker.disconnect(0x87);
    await until(() => heard.refusals === 1, "a refusal");
    expect(heard.downs).toEqual([undefined]);
  });
});

describe("what a broker of MQTT 5 says of itself", () => {
  const receiveMaximum = (count: number) => [33, 0, count];
  const maximumPacketSize = (bytes: number) => [39, 0, 0, bytes >> 8, bytes & 255];

  test("how many messages it takes at a time is kept to, and nobody waits for good", async () => {
    broker.greetings = [{ code: 0, properties: receiveMaximum(3) }];
    const { heard, link } = open("auto", {}, systemClock as FakeClock);
    await until(() => heard.ups === 1, "a link");
    const sent = Array.from({ length: 30 }, (_, at) => link.send("delivered", { at }));
    await Promise.all(sent);
    expect(broker.published.map(({ message }) => message["at"])).toEqual(sent.map((_, at) => at));
    expect(broker.mostUnacknowledged).toBe(3);
    broker.acknowledges = false;
    const stuck = Array.from({ length: 10 }, (_, at) => link.send("delivered", { at }));
    await until(() => broker.unacknowledged === 3, "three under way");
    link.drop();
    await Promise.all(stuck);
    expect(broker.published).toHaveLength(33);
  });

  test("how large a packet may be: what is larger is not sent, and of a result only where it stands", async () => {
    broker.greetings = [{ code: 0, properties: maximumPacketSize(2_048) }];
    const { heard, link, lines } = open();
    await until(() => heard.ups === 1, "a link");
    const operation_id = "3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c";
    const result = { number: 7, operation_id, operation: "end_of_day", status: "COMPLETED" };
    await link.send("result", { ...result, result: "x".repeat(2_048), origin: { signed: "s" } });
    await until(() => broker.published.length === 1, "the result");
    expect(broker.published[0]).toMatchObject({ channel: "result", message: result });
    expect(broker.published[0]).not.toHaveProperty("message.result");
    expect(lines).toContain("a message is too large for the broker");
    await link.send("heartbeat", { telemetry: "x".repeat(2_048) });
    await link.send("result", { ...result, result: "x".repeat(1_024) });
    expect(broker.published).toHaveLength(2);
    expect(heard.downs).toEqual([]);
  });
});

test("a sign of life that is of no use any more may be thrown away, a report never", async () => {
  const { heard, link } = open();
  await until(() => heard.ups === 1, "a link");
  for (const channel of ["heartbeat", "probe_answer", "result", "hello"] as const) await link.send(channel, {});
  expect(broker.published.map(({ channel, expirySeconds }) => [channel, expirySeconds])).toEqual([
    ["heartbeat", 60],
    ["probe_answer", 3],
    ["result", undefined],
    ["hello", undefined],
  ]);
});

test("a renewed token may name another broker; what is no URL of one is not gone to", async () => {
  const moved = await Broker5.start();
  let now = broker.url;
  const { heard, link, clock } = open("auto", { url: () => now });
  await until(() => heard.ups === 1, "a link");
  for (const [url, ups] of [
    [moved.url, 2],
    ["https://nowhere.example", 3],
  ] as const) {
    now = url;
    link.drop();
    await until(() => clock.timers === 1, "a pause");
    clock.advance(10_000);
    await until(() => heard.ups === ups, "a link");
  }
  expect(moved.attempts).toHaveLength(2);
  await link.destroy();
  await moved.close();
});
