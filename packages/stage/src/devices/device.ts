import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import { topic, type UpChannel, upChannels } from "@tillkeeper/contract/mqtt/topics";
import type { OpenBatch } from "@tillkeeper/contract/telemetry";
import { connectAsync, type MqttClient } from "mqtt";
import { vi } from "vitest";
import type { SharedServer, Tenant } from "../servers/test-server.ts";
import { nextSerial } from "./serials.ts";

/** The parts of a server that devices use. */
export type ForDevices = Pick<SharedServer, "call" | "mqttUrl">;

/**
 * A scripted device on a plain MQTT client: it sends the messages of the test, even messages that an agent never sends.
 */
export class Device {
  readonly address: string;
  readonly terminalId: string;
  readonly client: MqttClient;
  /** The id of the device's session, which names its connection. */
  readonly session: string;
  readonly received: { channel: string; message: Record<string, unknown> }[] = [];

  constructor(address: string, client: MqttClient, session: string = randomUUID()) {
    this.address = address;
    this.terminalId = readDeviceAddress(address)?.terminalId ?? "";
    this.client = client;
    this.session = session;
    // Each message that waits for its confirmation listens for the end of the connection.
    client.setMaxListeners(0);
    client.on("message", (name, payload) => {
      const channel = name.split("/").at(-1) ?? "";
      // The wildcard subscription also delivers the device's own messages.
      if (upChannels.some((own) => own === channel)) return;
      this.received.push({ channel, message: JSON.parse(payload.toString()) });
    });
  }

  /**
   * Sends a message and waits for the broker's confirmation. Rejects when the connection closes before it: a client that
   * does not reconnect would wait for ever.
   */
  say(channel: UpChannel, message: object): Promise<void> {
    return new Promise((resolve, reject) => {
      const closed = () =>
        reject(new Error(`The connection of ${this.address} closed before "${channel}" was confirmed`));
      if (!this.client.connected) {
        closed();
        return;
      }
      this.client.once("close", closed);
      this.client.publish(topic(this.address, channel), JSON.stringify(message), { qos: 1 }, (error) => {
        this.client.off("close", closed);
        if (error) reject(error);
        else resolve();
      });
    });
  }

  hello(operations: object[] = [], more: object = {}): Promise<void> {
    const sent_at = new Date().toISOString();
    return this.say("hello", { protocol: 1, agent: "test 1", sent_at, session: this.session, operations, ...more });
  }

  openedMenu(operationId: string, more: object = {}): Promise<void> {
    const at = new Date().toISOString();
    const what = { operation: "open_menu", status: "COMPLETED", finished_at: at, result: { opened: true } };
    return this.say("result", { operation_id: operationId, ...what, ...more });
  }

  /** Sends a heartbeat that tells the open batch; also one that cannot be, for a test of what the server makes of it. */
  tellOpenBatch(openBatch: OpenBatch | object): Promise<void> {
    const telemetry = { open_batch: openBatch };
    return this.say("heartbeat", { session: this.session, sent_at: new Date().toISOString(), telemetry });
  }

  /**
   * Waits for the next message on a channel and returns it. `after` is the number of earlier messages to skip;
   * `timeout` is in milliseconds.
   */
  async next(channel: string, after = 0, timeout = 10_000): Promise<Record<string, unknown>> {
    const all = () => this.received.filter((entry) => entry.channel === channel);
    await vi.waitUntil(() => all().length > after, { timeout, interval: 5 });
    return all()[after]?.message as Record<string, unknown>;
  }

  async leave(): Promise<void> {
    await this.client.endAsync(true);
  }
}

/** Connects a plain MQTT client, which does not reconnect. */
export async function connectMqtt(
  server: Pick<ForDevices, "mqttUrl">,
  username: string,
  password: string,
  clientId = username,
): Promise<MqttClient> {
  const client = await connectAsync(
    server.mqttUrl,
    { username, password, clientId, reconnectPeriod: 0, protocolVersion: 4 },
    false,
  );
  (client.stream as Socket).setNoDelay(true);
  return client;
}

/** The credential that a device connects with. */
export interface Entry {
  address: string;
  password: string;
}

/** Connects a device with that credential, and subscribes to all its topics. */
export async function enterAs(
  server: Pick<ForDevices, "mqttUrl">,
  { address, password }: Entry,
  clientId = address,
): Promise<Device & { password: string }> {
  const device = new Device(address, await connectMqtt(server, address, password, clientId));
  await device.client.subscribeAsync(`tillkeeper/v1/${address}/+`, { qos: 1 });
  return Object.assign(device, { password });
}

/** Registers a terminal over the API, issues a credential and connects the device, which sends nothing yet. */
export async function registerDevice(
  server: ForDevices,
  tenant: Tenant,
  serial = nextSerial(),
): Promise<Device & { password: string }> {
  await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { token: tenant.token, body: { store_id: "S312" } });
  const terminal = await server.call("POST", `/v1/accounts/${tenant.aid}/terminals`, {
    token: tenant.token,
    body: { device_serial_number: serial, store_id: "S312" },
  });
  const { terminal_id } = terminal.body;
  const path = `/v1/accounts/${tenant.aid}/terminals/${terminal_id}/credentials`;
  return enterAs(server, (await server.call("POST", path, { token: tenant.token })).body);
}

/** Connects a device whose terminal is ACTIVE: it has sent a hello and completed a check_update. */
export async function activeDevice(
  server: ForDevices,
  tenant: Tenant,
  serial = nextSerial(),
): Promise<Device & { password: string }> {
  const device = await registerDevice(server, tenant, serial);
  await device.hello();
  await device.next("welcome");
  const sent = await server.call("POST", "/v1/admin/terminals/operations", {
    token: tenant.token,
    body: { terminal_id: device.terminalId, operation: "check_update" },
  });
  await device.next("command");
  await device.say("result", {
    operation_id: sent.body.id,
    operation: "check_update",
    status: "COMPLETED",
    finished_at: new Date().toISOString(),
    result: { current_version: "1", latest_version: "1", update_available: false, configuration_version: "1" },
  });
  await device.next("receipt");
  device.received.length = 0;
  return device;
}
