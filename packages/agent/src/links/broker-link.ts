import { limits } from "@tillkeeper/contract/limits";
import { type GoneMessage } from "@tillkeeper/contract/mqtt/messages";
import {
  type DownChannel,
  downChannels,
  messageExpirySeconds,
  parseTopic,
  topic,
  type UpChannel,
} from "@tillkeeper/contract/mqtt/topics";
import { connect, type IClientOptions, type IConnackPacket, type MqttClient } from "mqtt";
import { InFlight } from "./in-flight.ts";
import { reasonError, reasonOf } from "./mqtt-reasons.ts";
import type { MqttLevel } from "./mqtt-version.ts";

/** A broker ends a silent connection after one and a half of these. */
const keepaliveSeconds = 12;
const connectTimeoutMs = 10_000;
/** Room for topic and header of a PUBLISH, more than they take. */
const overheadBytes = 256;

/** The settings of one connection to a broker. */
export interface LinkSettings {
  level: MqttLevel;
  address: string;
  /** The connection's name, which stands in its will, too. */
  session: string;
  login: { url: string; password: string; clientId: string; ca?: string };
  events: LinkEvents;
}

interface LinkEvents {
  /** Connected and subscribed. */
  up(): void;
  message(channel: DownChannel, payload: Uint8Array): void;
  /** The broker refused a message, by the reason code of its PUBACK. */
  refused(channel: UpChannel, cause: Error): void;
  /** The message is larger than the broker's maximum packet size, so it was not sent. */
  tooLarge(channel: UpChannel, message: object, largestBytes: number): void;
  ended(end: LinkEnd): void;
}

/** How a connection ended. */
export interface LinkEnd {
  /** The last error of the connection; undefined without one. */
  cause: Error | undefined;
  /** The return code (MQTT 3.1.1) or reason code (MQTT 5) by which the broker ended the connection. */
  code: number | undefined;
  /** The broker closed the connection before any CONNACK, without a code. */
  silent: boolean;
  /** The broker accepted the connection and closed it later without a code. */
  sentAway: boolean;
}

/**
 * One connection to a broker, from CONNECT to its end: a clean session with QoS 1. Nothing that was sent on it is sent
 * again on the next connection.
 */
export class BrokerLink {
  readonly level: MqttLevel;
  readonly address: string;
  /** Resolves when the connection has ended, for any reason. */
  readonly ended: Promise<void>;
  readonly #settings: LinkSettings;
  readonly #client: MqttClient;
  #inFlight = new InFlight();
  #largestBytes = Number.POSITIVE_INFINITY;
  #cause: Error | undefined;
  #code: number | undefined;
  #connectionAccepted = false;
  #closedByBroker = false;

  constructor(settings: LinkSettings) {
    this.#settings = settings;
    this.level = settings.level;
    this.address = settings.address;
    const client = connect(settings.login.url, optionsOf(settings));
    this.#client = client;
    this.ended = new Promise((resolve) => void client.once("close", resolve));
    // Every message under way listens for the end of the connection.
    client.setMaxListeners(0);
    // Attached before connecting: a handler attached later would miss a message that follows the SUBACK closely.
    client.on("message", (name, payload) => this.#received(name, payload));
    client.on("connect", (greeting) => this.#subscribe(greeting));
    client.on("disconnect", ({ reasonCode = 0, properties }) => {
      this.#fail(reasonError("The broker ended the connection", reasonCode, properties));
      client.stream.destroy();
    });
    client.on("error", (cause) => this.#fail(cause));
    client.on("close", () => {
      const wordless = this.#code === undefined && this.#closedByBroker;
      const silent = wordless && !this.#connectionAccepted;
      settings.events.ended({
        cause: this.#cause,
        code: this.#code,
        silent,
        sentAway: wordless && this.#connectionAccepted,
      });
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

  /**
   * Sends a message. Resolves when the broker has acknowledged or refused it, or the connection has ended. Never
   * rejects.
   */
  send(channel: UpChannel, message: object): Promise<void> {
    const client = this.#client;
    if (!client.connected) return Promise.resolve();
    const { events } = this.#settings;
    const payload = JSON.stringify(message);
    if (Buffer.byteLength(payload) + overheadBytes > this.#largestBytes) {
      // The broker would end the connection, and with it the other messages under way.
      events.tooLarge(channel, message, this.#largestBytes);
      return Promise.resolve();
    }
    const seconds = this.level === 5 ? messageExpirySeconds[channel] : undefined;
    const properties = seconds === undefined ? {} : { properties: { messageExpiryInterval: seconds } };
    return new Promise((resolve) => {
      this.#inFlight.add((free) => {
        // The connection may end before the PUBACK comes; the caller's promise must resolve then, too.
        const done = () => {
          client.removeListener("close", done);
          free();
          resolve();
        };
        if (!client.connected) return done();
        client.once("close", done);
        client.publish(topic(this.address, channel), payload, { qos: 1, ...properties }, (cause) => {
          if (cause && reasonOf(cause) !== undefined) events.refused(channel, cause);
          done();
        });
      });
    });
  }

  /** Destroys the socket without a DISCONNECT: the broker publishes the will. */
  break(): void {
    this.#client.stream.destroy();
  }

  /** Sends nothing more and keeps the socket open, as a connection does whose peer vanished. */
  stall(): void {
    // Node counts corks: the MQTT client's own cork and uncork calls do not release this cork.
    this.#client.stream.cork();
  }

  /** Sends DISCONNECT: the broker discards the will. */
  disconnect(): void {
    this.#client.end(false);
  }

  #subscribe({ properties }: IConnackPacket): void {
    const client = this.#client;
    this.#connectionAccepted = true;
    this.#inFlight = new InFlight(properties?.receiveMaximum);
    this.#largestBytes = properties?.maximumPacketSize ?? this.#largestBytes;
    const topics = downChannels.map((channel) => topic(this.address, channel));
    // Ask for no retained messages: the server retains none, so a retained message is not from the server.
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
    // No will delay: the server must learn at once that the connection is lost.
    will: { topic: topic(address, "gone"), payload: Buffer.from(JSON.stringify(gone)), qos: 1, retain: false },
    ...(level === 5 && { properties: { sessionExpiryInterval: 0, maximumPacketSize: limits.mqttPacketBytes } }),
  };
}
