import { randomUUID } from "node:crypto";
import type { DeviceMessagesAnswer } from "@tillkeeper/contract/http/device-messages";
import type { DeviceToken } from "@tillkeeper/contract/http/devices";
import { topic, type UpChannel, upChannels } from "@tillkeeper/contract/mqtt/topics";
import { PairingDevice } from "@tillkeeper/stage/devices/pairing-device";
import type { MqttClient } from "mqtt";
import { type TestContext, vi } from "vitest";
import { enter } from "../../support/hostile.ts";
import type { Stage } from "./stage.ts";

interface Received {
  channel: string;
  message: Record<string, unknown>;
}

/** The transport of a terminal's messages, and how to close it. */
interface Transport {
  say(channel: UpChannel, message: object): Promise<void>;
  leave(): Promise<void>;
}

/**
 * A scripted device with its terminal, over any carrier: it sends the messages of a test, and records all messages
 * that it receives.
 */
export class RawTerminal {
  readonly id: string;
  readonly address: string;
  readonly token: DeviceToken;
  readonly received: Received[] = [];
  session = "";
  readonly #stage: Stage;
  #transport: Transport | undefined;

  constructor(stage: Stage, token: DeviceToken) {
    this.#stage = stage;
    this.id = token.terminal_id;
    this.address = token.address;
    this.token = token;
  }

  /** The login of the device for MQTT connections. */
  get login() {
    const { mqtt_url, mqtt_username, mqtt_password, mqtt_client_id } = this.token;
    return { mqtt_url, username: mqtt_username, password: mqtt_password, client_id: mqtt_client_id };
  }

  /** The protocol level of MQTT that the device uses. */
  get level(): 4 | 5 {
    return this.#stage.level;
  }

  /** Connects with a new session id, and sends a hello. */
  async arrive(): Promise<void> {
    this.session = randomUUID();
    const heard = (channel: string, message: object) => this.received.push({ channel, message: { ...message } });
    this.#transport =
      this.#stage.transport === "https" ? overHttps(this.token, this.session, heard) : await overMqtt(this, heard);
    await this.hello();
  }

  async hello(): Promise<void> {
    const before = this.count("welcome");
    const { session } = this;
    await this.say("hello", { protocol: 1, agent: "raw 1", sent_at: now(), session, operations: [] });
    await this.next("welcome", before);
  }

  async say(channel: UpChannel, message: object): Promise<void> {
    await this.#transport?.say(channel, message);
  }

  async leave(): Promise<void> {
    await this.#transport?.leave();
  }

  count(channel: string): number {
    return this.received.filter((entry) => entry.channel === channel).length;
  }

  /** Waits for the next message on a channel and returns it. `after` is the number of earlier messages to skip. */
  async next(channel: string, after = 0): Promise<Record<string, unknown>> {
    await vi.waitUntil(() => this.count(channel) > after, { interval: 5 });
    return this.received.filter((entry) => entry.channel === channel)[after]?.message as Record<string, unknown>;
  }
}

export const now = () => new Date().toISOString();

/** Registers a terminal whose device has paired and is connected. */
export async function rawTerminal(
  stage: Stage,
  { onTestFinished }: Pick<TestContext, "onTestFinished">,
): Promise<RawTerminal> {
  const { serial, code } = await stage.register();
  const { body: token } = await (await PairingDevice.make(serial)).pair(stage.server, code);
  const terminal = new RawTerminal(stage, token);
  await terminal.arrive();
  onTestFinished(() => terminal.leave());
  return terminal;
}

type Hear = (channel: string, message: object) => void;

async function overMqtt({ address, login, level, session }: RawTerminal, hear: Hear): Promise<Transport> {
  const will = {
    topic: topic(address, "gone"),
    payload: Buffer.from(JSON.stringify({ session })),
    qos: 1,
    retain: false,
  } as const;
  const connect = async (): Promise<MqttClient> => {
    const client = await enter(login, { protocolVersion: level, will });
    client.on("message", (name, payload) => {
      const channel = name.split("/").at(-1) ?? "";
      // At some brokers, the wildcard subscription also delivers the device's own messages.
      if (!upChannels.some((own) => own === channel)) hear(channel, JSON.parse(payload.toString()));
    });
    await client.subscribeAsync(`tillkeeper/v1/${address}/+`, { qos: 1 });
    return client;
  };
  // The server ends the former connection at RabbitMQ with a connection of its own. RabbitMQ may also end one that
  // follows closely; agents retry, too.
  const client = await connect().catch(connect);
  return {
    say: async (channel, message) =>
      void (await client.publishAsync(topic(address, channel), JSON.stringify(message), { qos: 1 })),
    leave: () => client.endAsync(true),
  };
}

function overHttps(token: DeviceToken, session: string, hear: Hear): Transport {
  const leaving = new AbortController();
  const exchange = async (more: object) => {
    const answer = await postMessages(token, `Bearer ${token.token}`, { session, ...more }, leaving.signal);
    for (const { channel, message } of answer.body.messages ?? []) hear(channel, message as object);
    return answer.status;
  };
  const listen = async () => {
    while ((await exchange({ wait_seconds: 20 })) === 200);
  };
  const listening = listen().catch(() => undefined);
  return {
    say: async (channel, message) => void (await exchange({ messages: [{ channel, message }] })),
    leave: async () => {
      leaving.abort();
      await listening;
    },
  };
}

/** Sends `POST /v1/device/messages` with any authorization. */
export async function postMessages(
  { https_url }: Pick<DeviceToken, "https_url">,
  authorization: string,
  body: object,
  signal?: AbortSignal,
): Promise<{ status: number; body: Partial<DeviceMessagesAnswer> }> {
  const response = await fetch(`${https_url}/v1/device/messages`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
  return { status: response.status, body: (await response.json()) as Partial<DeviceMessagesAnswer> };
}
