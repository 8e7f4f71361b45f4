import { until } from "@tillkeeper/stage/until";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type MqttLink, openMqttConnection } from "../src/links/mqtt-connection.ts";
import { sessionNames } from "../src/links/session-names.ts";
import { silentLogger } from "../src/logger.ts";
import { Broker5 } from "./support/broker5.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { address } from "./support/scene.ts";
import { turn } from "./support/turn.ts";

describe("the end of a link without a word", () => {
  let broker: Broker5;
  let link: MqttLink;
  let clock: FakeClock;
  let ups = 0;
  let downs: (string | undefined)[] = [];
  beforeEach(async () => {
    broker = await Broker5.start();
    clock = new FakeClock(0);
    ups = 0;
    downs = [];
    link = openMqttConnection({
      credential: { url: broker.url, address, password: "secret" },
      clock,
      log: silentLogger,
      nextSession: sessionNames(),
      events: { up: () => void (ups += 1), down: (why) => void downs.push(why), message: () => {} },
    });
    await until(() => ups === 1, "a link");
  });
  afterEach(async () => {
    await link.destroy();
    await broker.close();
  });

  /**
   * Ends a connection on which the server answered after a while. Returns whether the agent is back after `pauseMs`,
   * not after half.
   */
  async function isBackAfter(pauseMs: number, livesMs: number, end: () => void): Promise<boolean> {
    const before = ups;
    link.proved();
    clock.advance(livesMs);
    end();
    await until(() => downs.length === before, "the end of the link");
    clock.advance(pauseMs / 2 - 1);
    for (let round = 0; round < 50; round += 1) await turn();
    const tooEarly = broker.attempts.length > before;
    clock.advance(pauseMs / 2 + 1);
    await until(() => ups === before + 1, "another link");
    return !tooEarly;
  }

  test("by the broker, time and again, as by another device with its address, makes its pauses longer", async () => {
    for (const pauseMs of [200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]) {
      // As long as the other device's pause, and so longer than `stableMs`.
      expect(await isBackAfter(pauseMs, 10_000, () => broker.cut())).toBe(true);
    }
    // HTTPS must not be opened while MQTT pauses after the takeover.
    expect(downs).toEqual([undefined, undefined, ...Array<string>(6).fill("taken_over")]);
    expect(await isBackAfter(200, 120_000, () => broker.cut())).toBe(true);
    expect(downs.at(-1)).toBeUndefined();
  });

  test("that the broker has no part in does not", async () => {
    for (let round = 0; round < 20; round += 1) {
      expect(await isBackAfter(200, 2_000, () => link.drop())).toBe(true);
    }
    expect(new Set(downs)).toEqual(new Set([undefined]));
  });
});
