import { randomUUID } from "node:crypto";
import { deviceAddress } from "@tillkeeper/contract/addresses";
import { type Messages } from "@tillkeeper/contract/mqtt/messages";
import { topic } from "@tillkeeper/contract/mqtt/topics";
import type { BrokerWithUsers } from "@tillkeeper/stage/brokers/broker";
import { mosquittoUsers } from "@tillkeeper/stage/brokers/mosquitto-users";
import { rabbitMqUsers } from "@tillkeeper/stage/brokers/rabbitmq";
import type { IClientOptions, MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { askingAccess } from "../../src/gateway/carriers/outside/access/asking.ts";
import { createOutsideBroker } from "../../src/gateway/carriers/outside/broker.ts";
import { createLogger } from "../../src/platform/log/log.ts";
import { enter, granted, utter } from "../support/hostile.ts";

const brokers = { mosquitto: mosquittoUsers, rabbitmq: rabbitMqUsers };
const log = createLogger("silent");

interface Heard {
  /** The received messages, each with its topic. */
  heard: string[];
}

describe.each([
  ["mosquitto", [4, 5]],
  ["rabbitmq", [4]],
] as const)("%s with users and rules of the operator's own", (kind, versions) => {
  let broker: BrokerWithUsers;
  let terminals = 0;
  beforeAll(async () => {
    broker = await brokers[kind]();
  });
  afterAll(() => broker?.stop());

  /** A server that does not configure the broker, and that the broker does not ask. */
  async function serve() {
    const heard: string[] = [];
    const transport = createOutsideBroker({
      url: broker.url,
      log,
      access: askingAccess({ url: broker.url }, { asks: false }),
    });
    onTestFinished(() => transport.close());
    await transport.listen(
      async (from, channel, payload) => void heard.push(`${from} ${channel} ${payload.toString()}`),
    );
    return { transport, heard };
  }

  const addresses = () => {
    const id = `T69000001-T${1000 + (terminals += 1)}`;
    return [deviceAddress(id, 1), deviceAddress(id, 2)] as const;
  };
  const passwordOf = (address: string) => `of ${address}`;

  /**
   * Connects as the device, once the broker knows it. Subscribes to the device's topics, and records all messages
   * that arrive.
   */
  async function arrive(address: string, options: Partial<IClientOptions>): Promise<MqttClient & Heard> {
    const { host } = new URL(broker.url);
    const login = { mqtt_url: `mqtt://${host}`, username: address, password: passwordOf(address), client_id: address };
    const client = await vi.waitUntil(() => enter(login, options).catch(() => undefined), { interval: 50 });
    onTestFinished(() => client.endAsync(true));
    const heard: string[] = [];
    client.on("message", (name, payload) => heard.push(`${name} ${payload.toString()}`));
    expect(await granted(client, `tillkeeper/v1/${address}/+`)).toBe(true);
    return Object.assign(client, { heard });
  }

  const command = (): Messages["command"] => ({
    operation_id: randomUUID(),
    operation: "open_menu",
    parameters: {},
    origin: { signed: "x" },
    created_at: new Date().toISOString(),
    expires_at: new Date(Date.now() + 60_000).toISOString(),
    sent_at: new Date().toISOString(),
  });
  const expectedAt = (address: string, message: object) => `${topic(address, "command")} ${JSON.stringify(message)}`;

  describe.each(versions)("in version %s of the protocol", (protocolVersion) => {
    it("lets a replaced device that stays hear nothing of the next one, nor speak as it", async () => {
      const { transport, heard } = await serve();
      const [old, next] = addresses();
      await broker.letIn(old, passwordOf(old));
      const before = await arrive(old, { protocolVersion });
      const password = passwordOf(next);
      const admitted = await transport.admit({ address: next, password, generation: "1", former: old });
      expect(admitted).toEqual({ username: next, password, clientId: next });
      await vi.waitUntil(() => !before.connected);
      await broker.letIn(next, password);
      const fresh = await arrive(next, { protocolVersion });

      // The operator has left the replaced device on the broker's list.
      let stays = await arrive(old, { protocolVersion });
      const overheard: string[] = [];
      const again = async () => {
        if (!stays.connected) stays = await arrive(old, { protocolVersion });
        stays.on("message", (name, payload) => overheard.push(`${name} ${payload.toString()}`));
      };
      await again();
      const wide = ["#", "tillkeeper/v1/#", "tillkeeper/v1/+/command", "+/+/+/+"];
      for (const filter of [...wide, `tillkeeper/v1/${next}/#`, topic(next, "command")]) {
        await granted(stays, filter);
        if (!stays.connected) await again();
      }
      const [forNext, forOld] = [command(), command()];
      await transport.publish(next, "command", forNext);
      await transport.publish(old, "command", forOld);
      await vi.waitUntil(() => fresh.heard.includes(expectedAt(next, forNext)));
      await vi.waitUntil(() => overheard.includes(expectedAt(old, forOld)));
      expect(overheard.filter((words) => !words.startsWith(`tillkeeper/v1/${old}/`))).toEqual([]);
      expect(overheard.join()).not.toContain(forNext.operation_id);

      for (const channel of ["started", "result", "hello", "command", "receipt"] as const) {
        await utter(stays, topic(next, channel), { forged: true });
        if (!stays.connected) await again();
      }
      const will = {
        topic: topic(next, "gone"),
        payload: Buffer.from(`{"forged":true}`),
        qos: 1,
        retain: false,
      } as const;
      await stays.endAsync(true);
      const dying = await arrive(old, { protocolVersion, will });
      dying.stream.destroy();
      const last = await arrive(old, { protocolVersion });
      await utter(last, topic(old, "started"), { own: true });
      await utter(fresh, topic(next, "started"), { own: true });
      await vi.waitUntil(() => heard.length >= 2);
      expect(heard.toSorted()).toEqual([`${old} started {"own":true}`, `${next} started {"own":true}`]);
      expect(fresh.heard.join()).not.toContain("forged");
    });

    it("has every word come to a server, whatever share somebody joins", async () => {
      const servers = [await serve(), await serve()];
      const [hostile, victim] = addresses();
      for (const address of [hostile, victim]) await broker.letIn(address, passwordOf(address));
      let thief = await arrive(hostile, { protocolVersion });
      for (const share of ["tillkeeper", "x"]) {
        await granted(thief, `$share/${share}/tillkeeper/v1/+/started`);
        if (!thief.connected) thief = await arrive(hostile, { protocolVersion });
      }
      const device = await arrive(victim, { protocolVersion });
      const said = Array.from({ length: 20 }, (_, number) => ({ number }));
      for (const message of said) await utter(device, topic(victim, "started"), message);
      const heard = () => new Set(servers.flatMap((server) => server.heard));
      await vi.waitUntil(() => heard().size === said.length);
      expect(heard()).toEqual(new Set(said.map((message) => `${victim} started ${JSON.stringify(message)}`)));
      expect(thief.heard).toEqual([]);
    });
  });
});
