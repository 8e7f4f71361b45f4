import {
  allowed,
  enter,
  megabyteOf,
  one,
  open,
  other,
  said,
  subscribe,
  theBroker,
} from "@tillkeeper/stage/devices/flooding";
import { FrameCount } from "@tillkeeper/stage/devices/frame-count";
import { connectOf, RawLink } from "@tillkeeper/stage/devices/raw-link";
import { generate, type Packet } from "mqtt-packet";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createLogger } from "../src/platform/log/log.ts";

const patience = { timeout: 50_000, interval: 5 };

describe("a connection that says more than any terminal has to say", () => {
  /** How much of each kind passes before its connection ends. */
  const most = { messages: 2_000, others: 200, bytes: 4 * 1024 * 1024 };

  it.each(allowed)("is ended, whatever it says: %s", async (_kind, packet) => {
    await open(undefined);
    const link = await enter(one);
    const frames = new FrameCount();
    const { bytes, packets } = megabyteOf(packet);
    link.say(bytes);
    const allowance = packet.cmd === "publish" ? most.messages : most.others;
    // 1 MiB holds only a few of the largest messages.
    if (packets < allowance) {
      await vi.waitUntil(() => frames.totals[0] === packets, patience);
      return expect(link.open).toBe(true);
    }
    await link.closed();
    expect(frames.totals).toEqual([allowance + 1]);
    expect(theBroker().connections()).toEqual([]);
  });

  it("is ended for the bytes of few large messages", async () => {
    await open(undefined);
    const link = await enter(one);
    const frames = new FrameCount();
    const large = generate(said("heartbeat", Buffer.alloc(65_000, "x")));
    link.say(Buffer.concat(Array.from({ length: 100 }, () => large)));
    await link.closed();
    // 65,042 bytes each, without the header of the packet.
    expect(frames.totals).toEqual([Math.floor(most.bytes / 65_042) + 1]);
  });

  it("is ended for pieces of packets, before its CONNECT as well", async () => {
    await open({ ...most, others: 20 });
    const bytes = Buffer.alloc(60_000, generate(said("heartbeat", Buffer.alloc(59_000, "x"))));
    const dribble = async (link: RawLink, what: Buffer) => {
      for (let at = 0; at < what.length && link.open; at += 1) {
        link.socket.write(what.subarray(at, at + 1));
        await new Promise((resolve) => void setImmediate(resolve));
      }
      await link.closed();
    };
    const frames = new FrameCount();
    await dribble(await enter(one), bytes);
    const stranger = await RawLink.open(theBroker().url());
    await dribble(stranger, Buffer.concat([Buffer.from([0x10, 0xff, 0x7f]), bytes]));
    // Only the first connection's CONNECT was counted.
    expect(frames.totals).toEqual([1]);
  });

  it("is told to come later when it comes back at once, and let in after that; others are let in all the time", async () => {
    const warn = vi.fn<(fields: object, text: string) => void>();
    await open(undefined, { log: Object.assign(createLogger("silent"), { warn }) });
    const beside = await enter(one, `${one}:beside`);
    const link = await enter(one);
    link.say(megabyteOf({ cmd: "pingreq" }).bytes);
    await link.closed();
    beside.say(megabyteOf({ cmd: "pingreq" }).bytes);
    await beside.closed();
    const again = await RawLink.open(theBroker().url());
    again.say(connectOf(one));
    expect(await again.next("connack")).toMatchObject({ returnCode: 3 });
    await again.closed();
    await enter(other);
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      {
        address: one,
        err: expect.objectContaining({ message: "more than 200 packets that are no messages in 10 s" }),
      },
      "a terminal floods the broker, its connection is ended",
    );
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now() + 10_000);
    onTestFinished(() => clock.mockRestore());
    const later = await RawLink.open(theBroker().url());
    onTestFinished(() => later.end());
    later.say(connectOf(one));
    expect(await later.next("connack")).toMatchObject({ returnCode: 0 });
  });

  it("is none that a terminal is after a long silence: pings of half an hour, its topics, a hello", async () => {
    await open(undefined);
    const link = await enter(one);
    const pings = Array.from({ length: 150 }, (): Packet => ({ cmd: "pingreq" }));
    link.say(...pings, subscribe(8), said("hello", "{}"));
    await link.next("pingresp", 149);
    await link.next("puback");
    expect(link.open).toBe(true);
  });

  it("is none for acknowledging all that it was sent, and is one for acknowledging more", async () => {
    await open({ ...most, others: 10 });
    const link = await enter(one);
    link.say(subscribe(1));
    await link.next("suback");
    const at = new Date().toISOString();
    const times = { created_at: at, expires_at: at, sent_at: at };
    const commands = 100;
    for (let count = 0; count < commands; count += 1) {
      await theBroker().publish(one, "command", {
        operation_id: "x",
        operation: "open_menu",
        parameters: {},
        origin: { signed: "x" },
        ...times,
      });
    }
    const last = await link.next("publish", commands - 1);
    expect(last).toMatchObject({ qos: 1 });
    const acknowledgements = link.received.flatMap((packet): Packet[] =>
      packet.cmd === "publish" ? [{ cmd: "puback", messageId: packet.messageId ?? 0 }] : [],
    );
    link.say(...acknowledgements, { cmd: "pingreq" });
    await link.next("pingresp");
    expect(link.open).toBe(true);
    link.say(...acknowledgements.slice(0, 10));
    await link.closed();
  });
});
