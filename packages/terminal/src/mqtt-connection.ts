import { randomUUID } from "node:crypto";
import { downChannels, type GoneMessage, parseTopic, topic, type UpChannel } from "@tillkeeper/contract/mqtt";
import { connect, type MqttClient } from "mqtt";
import { backoff } from "./backoff.ts";
import type { Connection, ConnectionSettings, Credential } from "./connection.ts";

/** A broker misses who has gone silent after one and a half of these. */
const keepaliveSeconds = 12;
const connectTimeoutMs = 10_000;
const firstRetryMs = 200;
const longestRetryMs = 10_000;
/** A link that lived this long was a good one: the next attempt may come quickly again. */
const stableMs = 2_000;
/** After a link on which the server answered, but that did not live as long: two agents that push each other out. */
const failuresAfterProof = 2;
const goodbyeMs = 1000;
/** MQTT 3.1.1: bad user name or password, not authorized. */
const refusals = new Set<unknown>([4, 5]);

/** MQTT 3.1.1 by mqtt.js: clean sessions, QoS 1, one new client per attempt so that nothing old is sent again. */
export const openMqttConnection = (settings: ConnectionSettings): MqttLink => new MqttConnection(settings);

/** For those who play bad links. */
export interface MqttLink extends Connection {
  /** Lets nothing out any more, as a link does that died without a word, until it breaks and another takes its place. */
  stall(): void;
}

class MqttConnection implements MqttLink {
  readonly #settings: ConnectionSettings;
  #credential: Credential;
  #client: MqttClient | undefined;
  #upSince: number | undefined;
  #failures = 0;
  #cancelRetry: (() => void) | undefined;
  #ended = false;
  #problem = "";
  #forget: (() => void) | undefined;
  /** Is being opened anew, in good order. */
  #reopening: MqttClient | undefined;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.#credential = this.#watched(settings.credential);
    this.#open();
  }

  send(channel: UpChannel, message: object): Promise<void> {
    const client = this.#client;
    if (!client?.connected) return Promise.resolve();
    return new Promise((resolve) => {
      // The link may go before the PUBACK comes; nobody may be left waiting then.
      const over = () => {
        client.removeListener("close", over);
        resolve();
      };
      client.once("close", over);
      client.publish(topic(this.#settings.terminalId, channel), JSON.stringify(message), { qos: 1 }, over);
    });
  }

  proved(): void {
    this.#failures = Math.min(this.#failures, failuresAfterProof);
  }

  drop(): void {
    this.#client?.stream.destroy();
  }

  stall(): void {
    // Corks are counted: those of the client, which come off again, do not open this one.
    this.#client?.stream.cork();
  }

  use(credential: Credential): void {
    this.#credential = this.#watched(credential);
    this.#failures = 0;
    if (this.#cancelRetry) this.#open();
    else this.drop();
  }

  async close(): Promise<void> {
    this.#end();
    const client = this.#client;
    if (!client || client.stream.destroyed) return;
    const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
    // Without a link there is nobody to say DISCONNECT to.
    if (!client.connected) client.stream.destroy();
    this.#disconnect(client);
    await closed;
  }

  async destroy(): Promise<void> {
    this.#end();
    const client = this.#client;
    if (!client || client.stream.destroyed) return;
    const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
    client.stream.destroy();
    await closed;
  }

  #watched(credential: Credential): Credential {
    const good = checked(credential);
    this.#forget?.();
    this.#forget = good.whenOutdated?.(() => this.#reopen());
    return good;
  }

  /** A DISCONNECT takes the will back: the server learns of the new connection by its hello, and of no loss. */
  #reopen(): void {
    const client = this.#client;
    // One that is just being opened, too: it has the password of before.
    if (this.#ended || !client || client === this.#reopening) return;
    this.#reopening = client;
    if (client.connected) this.#disconnect(client);
    else client.stream.destroy();
  }

  /** A broker that hangs is not waited for. */
  #disconnect(client: MqttClient): void {
    const cancel = this.#settings.clock.after(goodbyeMs, () => client.stream.destroy());
    client.once("close", cancel);
    client.end(false);
  }

  #end(): void {
    this.#ended = true;
    this.#forget?.();
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  #open(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    const { terminalId, events } = this.#settings;
    const { url, username, password, clientId = terminalId, ca, refused } = this.#credential;
    const session = randomUUID();
    const gone: GoneMessage = { session };
    const client = connect(url, {
      protocolVersion: 4,
      clean: true,
      clientId: now(clientId),
      username,
      password: now(password),
      keepalive: keepaliveSeconds,
      connectTimeout: connectTimeoutMs,
      reconnectPeriod: 0,
      resubscribe: false,
      manualConnect: true,
      will: { topic: topic(terminalId, "gone"), payload: Buffer.from(JSON.stringify(gone)), qos: 1, retain: false },
      ...(ca !== undefined && { ca }),
    });
    this.#client = client;
    // Every message under way listens for the end of the link.
    client.setMaxListeners(0);
    // Before connecting: a message that follows close upon the SUBACK would be lost to a handler attached later.
    client.on("message", (name, payload) => {
      const parsed = parseTopic(name);
      const channel = downChannels.find((known) => known === parsed?.channel);
      if (channel && parsed?.terminalId === terminalId && !this.#ended) events.message(channel, payload);
    });
    client.on("connect", () => this.#subscribe(client, session));
    client.on("error", (cause) => {
      if ("code" in cause && refusals.has(cause.code) && !this.#ended) refused?.();
      this.#report(cause);
    });
    client.on("close", () => this.#closed(client));
    client.connect();
    const { stream } = client;
    if ("setNoDelay" in stream && typeof stream.setNoDelay === "function") stream.setNoDelay(true);
  }

  #subscribe(client: MqttClient, session: string): void {
    const topics = downChannels.map((channel) => topic(this.#settings.terminalId, channel));
    client.subscribe(topics, { qos: 1 }, (cause) => {
      if (this.#client !== client || this.#ended) return;
      if (cause) {
        this.#report(cause);
        client.stream.destroy();
        return;
      }
      this.#problem = "";
      this.#upSince = this.#settings.clock.monotonic();
      this.#settings.log.info({ terminal_id: this.#settings.terminalId }, "connected");
      this.#settings.events.up(session);
    });
  }

  #closed(client: MqttClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    const { clock, events, log, terminalId } = this.#settings;
    if (this.#upSince !== undefined) {
      if (clock.monotonic() - this.#upSince >= stableMs) this.#failures = 0;
      this.#upSince = undefined;
      log.info({ terminal_id: terminalId }, "connection lost");
      events.down();
    }
    if (this.#ended) return;
    const inGoodOrder = this.#reopening === client;
    this.#reopening = undefined;
    if (inGoodOrder) return this.#open();
    const delayMs = backoff(this.#failures, firstRetryMs, longestRetryMs);
    this.#failures += 1;
    this.#cancelRetry = clock.after(delayMs, () => this.#open());
  }

  /** One line per kind of trouble, not one per attempt. */
  #report(cause: Error): void {
    if (this.#ended || cause.message === this.#problem) return;
    this.#problem = cause.message;
    this.#settings.log.warn({ terminal_id: this.#settings.terminalId, err: cause }, "cannot connect; will try again");
  }
}

function checked(credential: Credential): Credential {
  const { protocol } = new URL(credential.url);
  if (!["mqtt:", "mqtts:", "ws:", "wss:"].includes(protocol)) throw new Error(`Not an MQTT address: ${protocol}`);
  return credential;
}

function now(value: string | (() => string)): string {
  return typeof value === "function" ? value() : value;
}
