import { limits } from "@tillkeeper/contract/limits";
import {
  type DownChannel,
  downChannels,
  type GoneMessage,
  messageExpirySeconds,
  parseTopic,
  topic,
  type UpChannel,
} from "@tillkeeper/contract/mqtt";
import { connect, type IClientOptions, type IConnackPacket, type MqttClient } from "mqtt";
import { InFlight } from "./in-flight.ts";
import { reasonError, reasonOf } from "./mqtt-reasons.ts";
import type { MqttLevel } from "./mqtt-version.ts";

/** A broker misses who has gone silent after one and a half of these. */
const keepaliveSeconds = 12;
const connectTimeoutMs = 10_000;
/** Topic and header of a PUBLISH, generously. */
const overheadBytes = 256;

export interface LinkSettings {
  level: MqttLevel;
  address: string;
  /** The link's name, which stands in its will, too. */
  session: string;
  login: { url: string; password: string; clientId: string; ca?: string };
  events: LinkEvents;
}

interface LinkEvents {
  /** Connected and subscribed. */
  up(): void;
  message(channel: DownChannel, payload: Uint8Array): void;
  /** The broker did not take a message. */
  refused(channel: UpChannel, cause: Error): void;
  /** It takes none of that size, so the message was not sent. */
  tooLarge(channel: UpChannel, message: object, largestBytes: number): void;
  ended(end: LinkEnd): void;
}

/** What is known of a link's end. */
export interface LinkEnd {
  /** What went wrong, if anything did. */
  cause: Error | undefined;
  /** The return code of 3.1.1 or the reason code of 5 by which the broker ended it. */
  code: number | undefined;
  /** The broker closed it, and had not said a word. */
  silent: boolean;
  /** The broker let it in, and closed it later without a word. */
  sentAway: boolean;
}

/** One connection to a broker, from CONNECT to its end: a clean session, QoS 1, nothing of it is sent again on the next. */
export class BrokerLink {
  readonly level: MqttLevel;
  readonly address: string;
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>;
  readonly #settings: LinkSettings;
  readonly #client: MqttClient;
  #inFlight = new InFlight();
  #largestBytes = Number.POSITIVE_INFINITY;
  #cause: Error | undefined;
  #code: number | undefined;
  #greeted = false;
  #closedByBroker = false;

  constructor(settings: LinkSettings) {
    this.#settings = settings;
    this.level = settings.level;
    this.address = settings.address;
    const client = connect(settings.login.url, optionsOf(settings));
    this.#client = client;
    this.ended = new Promise((resolve) => void client.once("close", resolve));
    // Every message under way listens for the end of the link.
    client.setMaxListeners(0);
    // Before connecting: a message that follows close upon the SUBACK would be lost to a handler attached later.
    client.on("message", (name, payload) => this.#received(name, payload));
    client.on("connect", (greeting) => this.#subscribe(greeting));
    client.on("disconnect", ({ reasonCode = 0, properties }) => {
      this.#fail(reasonError("The broker ended the connection", reasonCode, properties));
      client.stream.destroy();
    });
    client.on("error", (cause) => this.#fail(cause));
    client.on("close", () => {
      const wordless = this.#code === undefined && this.#closedByBroker;
      const silent = wordless && !this.#greeted;
      settings.events.ended({ cause: this.#cause, code: this.#code, silent, sentAway: wordless && this.#greeted });
    });
    client.connect();
    const { stream } = client;
    if ("setNoDelay" in stream && typeof stream.setNoDelay === "function") stream.setNoDelay(true);
    stream.once("end", () => {
      this.#closedByBroker = true;
    });
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  get destroyed(): boolean {
    return this.#client.stream.destroyed;
  }

  /** Resolves when the broker has it, does not want it, or the link is gone. */
  send(channel: UpChannel, message: object): Promise<void> {
    const client = this.#client;
    if (!client.connected) return Promise.resolve();
    const { events } = this.#settings;
    const payload = JSON.stringify(message);
    if (Buffer.byteLength(payload) + overheadBytes > this.#largestBytes) {
      // To send it would end the link, and with it what else is under way.
      events.tooLarge(channel, message, this.#largestBytes);
      return Promise.resolve();
    }
    const seconds = this.level === 5 ? messageExpirySeconds[channel] : undefined;
    const properties = seconds === undefined ? {} : { properties: { messageExpiryInterval: seconds } };
    return new Promise((resolve) => {
      this.#inFlight.add((free) => {
        // The link may go before the PUBACK comes; nobody may be left waiting then.
        const over = () => {
          client.removeListener("close", over);
          free();
          resolve();
        };
        if (!client.connected) return over();
        client.once("close", over);
        client.publish(topic(this.address, channel), payload, { qos: 1, ...properties }, (cause) => {
          if (cause && reasonOf(cause) !== undefined) events.refused(channel, cause);
          over();
        });
      });
    });
  }

  break(): void {
    this.#client.stream.destroy();
  }

  stall(): void {
    // Corks are counted: those of the client, which come off again, do not open this one.
    this.#client.stream.cork();
  }

  /** Says DISCONNECT, which takes the will back. */
  disconnect(): void {
    this.#client.end(false);
  }

  #subscribe({ properties }: IConnackPacket): void {
    const client = this.#client;
    this.#greeted = true;
    this.#inFlight = new InFlight(properties?.receiveMaximum);
    this.#largestBytes = properties?.maximumPacketSize ?? this.#largestBytes;
    const topics = downChannels.map((channel) => topic(this.address, channel));
    // What somebody had a broker keep is not a message to this link.
    const unkept = this.level === 5 && { rh: 2 as const };
    client.subscribe(topics, { qos: 1, ...unkept }, (cause) => {
      if (!cause) return this.#settings.events.up();
      this.#cause = cause;
      client.stream.destroy();
    });
  }

  #received(name: string, payload: Uint8Array): void {
    const { events } = this.#settings;
    const parsed = parseTopic(name);
    const channel = downChannels.find((known) => known === parsed?.channel);
    if (channel && parsed?.address === this.address) events.message(channel, payload);
  }

  #fail(cause: Error): void {
    this.#cause = cause;
    this.#code ??= reasonOf(cause);
    if ((cause as NodeJS.ErrnoException).code === "ECONNRESET") this.#closedByBroker = true;
  }
}

function optionsOf({ level, address, session, login }: LinkSettings): IClientOptions {
  const { url: _, ca, ...who } = login;
  const gone: GoneMessage = { session };
  return {
    ...who,
    username: address,
    ...(ca !== undefined && { ca }),
    protocolVersion: level,
    clean: true,
    keepalive: keepaliveSeconds,
    connectTimeout: connectTimeoutMs,
    reconnectPeriod: 0,
    resubscribe: false,
    manualConnect: true,
    // Without a delay: the server wants to hear at once who is gone.
    will: { topic: topic(address, "gone"), payload: Buffer.from(JSON.stringify(gone)), qos: 1, retain: false },
    ...(level === 5 && { properties: { sessionExpiryInterval: 0, maximumPacketSize: limits.mqttPacketBytes } }),
  };
}
