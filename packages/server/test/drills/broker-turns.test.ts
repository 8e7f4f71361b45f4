// @module-tag nightly: floods of packets.

import { letIn } from "@tillkeeper/stage/brokers/embedded-broker";
import {
  allowed,
  asking,
  endless,
  enter,
  forbidden,
  megabyteOf,
  one,
  open,
  other,
  theBroker,
} from "@tillkeeper/stage/devices/flooding";
import { FrameCount } from "@tillkeeper/stage/devices/frame-count";
import { connectOf, RawLink } from "@tillkeeper/stage/devices/raw-link";
import { generate } from "mqtt-packet";
import { describe, expect, it, vi } from "vitest";

const patience = { timeout: 50_000, interval: 5 };
/** A turn of the test may see the end of one turn of the broker and the beginning of the next. */
const mostInTurn = 2 * 32;
/** The last packet of a turn may be one of the largest. */
const mostBytesInTurn = 4 * 65_536;
/** Fewest answers during the turns; how many pass depends on the machine's network. */
const fewAnswers = 0;

describe("while one connection says 1 MiB of a kind, another is answered in between", () => {
  it.each(allowed)("%s", async (_kind, packet) => {
    await open(endless);
    const answers = await asking();
    const link = await enter(one);
    const frames = new FrameCount();
    const { bytes, packets } = megabyteOf(packet);
    const before = answers();
    link.say(bytes);
    await vi.waitUntil(() => frames.totals.includes(packets), patience);
    expect(link.open).toBe(true);
    expect(frames.mostOfOne).toBeLessThanOrEqual(mostInTurn);
    expect(frames.mostBytesOfOne).toBeLessThanOrEqual(mostBytesInTurn);
    expect(answers() - before).toBeGreaterThan(fewAnswers);
  });

  it.each(forbidden)("%s, which ends it at once", async (_kind, packet) => {
    await open(endless);
    const answers = await asking();
    const link = await enter(one);
    const frames = new FrameCount();
    link.say(megabyteOf(packet).bytes);
    await link.closed();
    const before = answers();
    await vi.waitUntil(() => answers() > before + fewAnswers, patience);
    // Packets of the other connection, and at most the first packet of these.
    expect(frames.totals.length).toBeLessThanOrEqual(2);
    expect(frames.totals.at(1) ?? 1).toBe(1);
    expect(
      theBroker()
        .connections()
        .map(({ address }) => address),
    ).toEqual([other]);
  });

  it.each([
    ["one packet per segment", 2],
    ["byte by byte", 1],
  ])("PINGREQ, %s", async (_how, size) => {
    await open(endless);
    const answers = await asking();
    const link = await enter(one);
    const frames = new FrameCount();
    const bytes = Buffer.alloc(40_000, generate({ cmd: "pingreq" }));
    for (let at = 0; at < bytes.length; at += size) link.socket.write(bytes.subarray(at, at + size));
    const before = answers();
    await vi.waitUntil(() => frames.totals.includes(bytes.length / 2), patience);
    expect(frames.mostOfOne).toBeLessThanOrEqual(mostInTurn);
    expect(answers() - before).toBeGreaterThan(fewAnswers);
  });
});

describe("while many connections flood, others are answered in between", () => {
  const many = 50;
  const nameOf = (index: number) => `T4000${String(index).padStart(4, "0")}-T0001-D1`;
  it.each([
    ["of as many terminals", many, (index: number) => enter(nameOf(1_000 + index))],
    ["of one terminal, of which four stay", 4, (index: number) => enter(one, `${one}:${index}`)],
  ])("%s", async (_whose, staying, come) => {
    await open(endless);
    const answers = await asking();
    const links: RawLink[] = [];
    for (let index = 0; index < many; index += 1) links.push(await come(index));
    await vi.waitUntil(() => links.filter((link) => link.open).length === staying, patience);
    const frames = new FrameCount();
    const packets = 4_000;
    const bytes = Buffer.alloc(2 * packets, generate({ cmd: "pingreq" }));
    const before = answers();
    for (const link of links) link.say(bytes);
    await vi.waitUntil(() => frames.totals.filter((total) => total === packets).length === staying, patience);
    expect(frames.mostOfOne).toBeLessThanOrEqual(mostInTurn);
    expect(answers() - before).toBeGreaterThan(fewAnswers);
    // Eight connections continue in each turn. Besides, each connection's first packets may be handled at once.
    const beyond = frames.ofAll.reduce((sum, count) => sum + Math.max(0, count - 8 * mostInTurn), 0);
    expect(beyond).toBeLessThanOrEqual(staying * 32);
  });

  it("before anybody has said who they are", async () => {
    const { promise: gate, resolve: go } = Promise.withResolvers<void>();
    let asked = 0;
    await open(endless, {
      authenticate: async (address) => {
        asked += 1;
        if (asked > 1) await gate;
        return letIn(address);
      },
    });
    const answers = await asking();
    const frames = new FrameCount();
    const links = await Promise.all(Array.from({ length: many }, () => RawLink.open(theBroker().url())));
    const pings = Buffer.alloc(8_000, generate({ cmd: "pingreq" }));
    links.forEach((link, index) => link.say(connectOf(nameOf(1_000 + index)), pings));
    await vi.waitUntil(() => asked === 1 + many, patience);
    const before = answers();
    await vi.waitUntil(() => answers() > before + fewAnswers, patience);
    // Each connection's CONNECT, and no other packet.
    expect(frames.totals.filter((total) => total === 1)).toHaveLength(many);
    // A connection with too many unanswered packets is ended.
    links[0]?.say(Buffer.alloc(70_000, pings));
    await links[0]?.closed();
    const waited = answers();
    go();
    await vi.waitUntil(() => frames.totals.filter((total) => total === 4_001).length === many - 1, patience);
    expect(frames.mostOfOne).toBeLessThanOrEqual(mostInTurn);
    expect(answers() - waited).toBeGreaterThan(fewAnswers);
    for (const link of links) link.end();
  });

  it("with CONNECTs that are refused, one after the other", async () => {
    let asked = 0;
    await open(endless, {
      authenticate: async (address) => {
        asked += 1;
        return asked === 1 ? letIn(address) : undefined;
      },
    });
    const answers = await asking();
    const before = answers();
    const knock = async () => {
      for (let times = 0; times < 20; times += 1) {
        const link = await RawLink.open(theBroker().url());
        link.say(connectOf(one), Buffer.alloc(20_000, generate({ cmd: "pingreq" })));
        await link.closed();
      }
    };
    await Promise.all(Array.from({ length: 10 }, knock));
    expect(asked).toBe(201);
    expect(answers() - before).toBeGreaterThan(fewAnswers);
    expect(theBroker().connections()).toHaveLength(1);
  });
});
