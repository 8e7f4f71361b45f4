import { topic } from "@tillkeeper/contract/mqtt/topics";
import { openBrokerAlone } from "@tillkeeper/stage/brokers/embedded-broker";
import { connectOf, RawLink } from "@tillkeeper/stage/devices/raw-link";
import type { IPublishPacket } from "mqtt-packet";
import { afterEach, describe, expect, it, vi } from "vitest";
import { mostWaitingAtBroker } from "../src/gateway/carriers/fair-share.ts";
import type { DeviceTransport, Receive } from "../src/gateway/carriers/transport.ts";

const patience = { interval: 5 };
const one = "T40000001-T0001-D1";

function helloOf(address: string, messageId: number): IPublishPacket {
  const to = topic(address, "hello");
  return { cmd: "publish", topic: to, payload: "{}", qos: 1, dup: false, retain: false, messageId };
}

describe("a terminal that floods the embedded broker", () => {
  let broker: DeviceTransport;
  afterEach(() => broker.close());
  async function open({ receive }: { receive: Receive }) {
    broker = await openBrokerAlone({ receive });
  }

  it("comes back over and over: little of what it said is kept", async () => {
    const { promise: gate, resolve: go } = Promise.withResolvers<void>();
    let begun = 0;
    await open({
      async receive() {
        begun += 1;
        await gate;
      },
    });
    const comeAndGo = async () => {
      const link = await RawLink.open(broker.url());
      const hellos = [1, 2, 3, 4].map((messageId) => helloOf(one, messageId));
      link.say(connectOf(one), ...hellos);
      // All four slots are taken by then.
      await link.next("puback", 3);
      link.end();
    };
    const inAll = 60;
    for (let count = 0; count < inAll; count += 1) await comeAndGo();
    expect(begun).toBe(4);
    go();
    const atMost = 4 + mostWaitingAtBroker;
    await vi.waitUntil(() => begun === atMost, patience);
    // A connection that comes now finds no queue.
    await comeAndGo();
    expect(begun).toBe(atMost + 4);
  });

  it("does not hold up the end of the server: what waits is not handled", async () => {
    const { promise: gate, resolve: go } = Promise.withResolvers<void>();
    let begun = 0;
    await open({
      async receive() {
        begun += 1;
        await gate;
      },
    });
    for (const suffix of [":1", ":2", ":3"]) {
      const link = await RawLink.open(broker.url());
      link.say(connectOf(one, { clientId: one + suffix }), ...[1, 2, 3, 4].map((id) => helloOf(one, id)));
      await link.next("puback", 3);
    }
    await broker.close();
    go();
    // Each turn would be passed on by then, if a connection were waiting for it.
    for (let turns = 0; turns < 50; turns += 1) await gate;
    await new Promise((resolve) => void setImmediate(resolve));
    expect(begun).toBe(4);
  });
});
