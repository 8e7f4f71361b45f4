import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { connectOf } from "@tillkeeper/stage/devices/raw-link";
import { generate } from "mqtt-packet";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Link } from "./link.ts";
import { Turns } from "./turns.ts";

/** A peer that sends packets and reads no answers. */
class Unread extends Duplex {
  answers = 0;
  taken: (() => void) | undefined;

  override _read() {}
  override _write(_chunk: unknown, _encoding: unknown, taken: () => void) {
    this.answers += 1;
    this.taken = taken;
  }
}

describe("a connection whose other end does not read", () => {
  it("is not heard on while its answers wait, and again once they are read", async () => {
    const socket = new Unread({ highWaterMark: 64 });
    const link = new Link(socket as unknown as Socket, {
      turns: new Turns(),
      allowance: { messages: 10_000, others: 10_000, bytes: 1_000_000 },
      handleConnect: async () => 0,
      handlePublish: async () => undefined,
      channelFilter: () => undefined,
      publishWill: () => undefined,
      closed: () => undefined,
      failed: () => undefined,
    });
    socket.push(generate(connectOf("T40000001-T0001")));
    await expect.poll(() => socket.answers).toBe(1);
    const asked = 1_000;
    for (let count = 0; count < asked; count += 1) socket.push(generate({ cmd: "pingreq" }));
    await expect.poll(() => socket.isPaused()).toBe(true);
    // An answer has two bytes; a few more packets may have been in a chunk that was read already.
    expect(socket.writableLength).toBeLessThan(128);
    const read = async () => {
      while (socket.taken) {
        const taken = socket.taken;
        socket.taken = undefined;
        taken();
        await new Promise((resolve) => void setImmediate(resolve));
      }
      return socket.answers;
    };
    await expect.poll(read).toBe(1 + asked);
    link.end();
  });
});

describe("a connection that is not heard on because we are slow", () => {
  it("is not called silent for it, and is once we are done", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const socket = new Unread();
    const { promise: handled, resolve: handle } = Promise.withResolvers<void>();
    let taken = 0;
    const link = new Link(socket as unknown as Socket, {
      turns: new Turns(),
      allowance: { messages: 10_000, others: 10_000, bytes: 1_000_000 },
      handleConnect: async () => 0,
      handlePublish: () => {
        taken += 1;
        return handled;
      },
      channelFilter: () => undefined,
      publishWill: () => undefined,
      closed: () => undefined,
      failed: () => undefined,
    });
    socket.push(generate({ ...connectOf("T40000001-T0001"), keepalive: 10 }));
    for (let count = 0; count < 5; count += 1) {
      socket.push(generate({ cmd: "publish", topic: "t", payload: "{}", qos: 0, retain: false, dup: false }));
    }
    await vi.waitUntil(() => taken === 4);
    vi.advanceTimersByTime(60_000);
    expect(link.ended).toBe(false);
    handle();
    await vi.waitUntil(() => taken === 5);
    vi.advanceTimersByTime(16_000);
    expect(link.ended).toBe(true);
  });
});
