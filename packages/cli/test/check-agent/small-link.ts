import { randomUUID } from "node:crypto";
import { type CommandMessage, type Memory } from "@tillkeeper/contract/mqtt/messages";
import { deviceTopicPrefix, parseTopic, topic, type UpChannel } from "@tillkeeper/contract/mqtt/topics";
import mqtt, { type MqttClient } from "mqtt";
import type { CheckServer } from "../../src/check-agent/check-server.ts";
import type { Fault } from "./faults.ts";

const reconnectMs = 50;
const hastyMs = 300;
const keepaliveSeconds = 5;
export const repeatMs = 1_000;

export interface SmallLinkEvents {
  /** Called when a new connection has subscribed. */
  up: () => void;
  heard: (channel: string, payload: Buffer) => void;
}

/** The connections of the small agent during one run, with one address. */
export class SmallLink {
  readonly #referee: CheckServer;
  readonly #address: string;
  readonly #has: (fault: Fault) => boolean;
  readonly #events: SmallLinkEvents;
  readonly #timers = new Set<NodeJS.Timeout>();
  #client: MqttClient | undefined;
  #session = "";
  #ended = false;

  constructor(referee: CheckServer, address: string, has: (fault: Fault) => boolean, events: SmallLinkEvents) {
    this.#referee = referee;
    this.#address = address;
    this.#has = has;
    this.#events = events;
    this.#connect();
  }

  get session(): string {
    return this.#session;
  }

  /** The present connection; each connection is a separate object. */
  get current(): unknown {
    return this.#client;
  }

  /** Calls `act` after `ms` milliseconds, unless the run has ended. */
  later(ms: number, act: () => void): void {
    if (this.#ended) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }

  say(channel: UpChannel, message: object): void {
    if (!this.#ended) this.#client?.publish(topic(this.#address, channel), JSON.stringify(message), { qos: 1 });
  }

  beat(memory: Memory | undefined): void {
    const believed = this.#has("believes what nobody said") ? { number: 4_711, id: randomUUID() } : memory;
    const sent_at = new Date().toISOString();
    this.say("heartbeat", { session: this.#session, sent_at, ...(believed && { memory: believed }) });
  }

  /** Sends heartbeats from now on, as long as the present connection stays. */
  beats(memory: () => Memory | undefined, seconds: number): void {
    const { current } = this;
    const beat = () => {
      if (this.current !== current) return;
      this.beat(memory());
      this.later(this.#has("hasty heartbeats") ? hastyMs : seconds * 1_000, beat);
    };
    if (!this.#has("no heartbeats")) beat();
  }

  /** Cuts the connection, as in a power cut. */
  destroy(): void {
    this.rest();
    this.#client?.stream.destroy();
  }

  /** Closes the connection with a DISCONNECT, and with a goodbye before it if `goodbye` is true. */
  async stop(goodbye: boolean): Promise<void> {
    const message = JSON.stringify({ session: this.#session });
    this.rest();
    if (goodbye) await this.#client?.publishAsync(topic(this.#address, "goodbye"), message, { qos: 1 });
    await this.#client?.endAsync();
  }

  /** Stops all activity, but leaves the connection open. */
  rest(): void {
    this.#ended = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #connect(): void {
    const { identity } = this.#referee;
    this.#session = this.#has("one session for ever") ? "always-me" : randomUUID();
    const isDeaf = this.#has("long keepalive") || this.#has("does not notice a dead link");
    const will = {
      topic: topic(this.#address, "gone"),
      payload: Buffer.from(JSON.stringify({ session: this.#session })),
    };
    const client = mqtt.connect(this.#referee.mqttUrl("127.0.0.1"), {
      username: this.#address,
      password: identity.password,
      clientId: this.#address,
      keepalive: isDeaf ? 600 : keepaliveSeconds,
      reconnectPeriod: 0,
      ...(!this.#has("no will") && { will: { ...will, qos: 1 as const, retain: false } }),
    });
    this.#client = client;
    const isCurrent = () => this.#client === client && !this.#ended;
    client.on("message", (name, payload) => {
      if (isCurrent()) this.#events.heard(parseTopic(name)?.channel ?? "", payload);
    });
    client.on("connect", () =>
      client.subscribe(`${deviceTopicPrefix(this.#address)}#`, { qos: 1 }, () => {
        if (isCurrent()) this.#events.up();
      }),
    );
    let refused = false;
    client.on("error", () => {
      refused = true;
    });
    client.on("close", () => {
      if (isCurrent() && !(refused && this.#has("gives up after a refusal")))
        this.later(reconnectMs, () => this.#connect());
    });
  }
}

/** The state of one run of the program, which is lost in a power cut. */
export interface Run {
  link: SmallLink;
  connections: number;
  welcomed: boolean;
  /** How far the server's clock is ahead, in milliseconds. */
  clockMs: number;
  memory: Memory | undefined;
  queue: CommandMessage[];
  running: Set<string>;
  /** The numbers of the results that need not be repeated yet. */
  told: Set<number>;
}
