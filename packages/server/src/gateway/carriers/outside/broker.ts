import { parseTopic, topic, upChannels, upTopicFilters } from "@tillkeeper/contract/mqtt/topics";
import { backoff } from "../../../platform/backoff.ts";
import type { Logger } from "../../../platform/log/log.ts";
import { type Patience, patiently } from "../../../platform/patience.ts";
import { pause } from "../../../platform/pause.ts";
import { StartupError } from "../../../platform/startup-error.ts";
import type { BrokerGrant, MqttLogin } from "../../../terminals/credentials/broker-grant.ts";
import { FairShare, mostWaitingAtBroker } from "../fair-share.ts";
import { Floods } from "../floods.ts";
import { InHandLimit } from "../in-hand.ts";
import type { DeviceTransport, Receive } from "../transport.ts";
import type { BrokerAccess } from "./access/access.ts";
import { ConnectionEnder } from "./end-connections.ts";
import { type BrokerLink, openLink } from "./link.ts";

interface OutsideOptions {
  url: string;
  /** PEM text of the certificates that are trusted in place of the system's. */
  ca?: string | undefined;
  /** The URL that terminals are given, if it differs from the URL of this server's own connection. */
  publicUrl?: string | undefined;
  /** Manages the credentials of devices at the broker. */
  access: BrokerAccess;
  /**
   * The broker asks this server about each client, and this server is a client too. The connection then succeeds only
   * after the server has started.
   */
  asksUs?: boolean;
  /** How long the first connection is waited for; left out, not at all. */
  patience?: Patience;
  log: Logger;
}

const mostInHand = 1_000;
/** Between one attempt to come back and the next. */
const retryMs = { first: 200, longest: 5_000 };
/** Shutdown waits so long, in milliseconds, for the UNSUBACK and for the messages that are being handled. */
const farewellMs = 5_000;

/**
 * A broker that the operator runs (`MQTT_URL`). Who may use which topic is that broker's business; `access` tells it, or
 * answers what it asks.
 *
 * Several servers share the work: with MQTT 5 each message goes to one of them. A broker that cannot share gives every
 * message to all, which does no harm, because what terminals report is counted once.
 *
 * `listen` throws `StartupError` when the first connection fails for longer than the patience lasts. Later it comes back by itself. A
 * broker that has to ask us first is connected to in the background.
 */
export function createOutsideBroker(options: OutsideOptions): DeviceTransport {
  const broker = new OutsideBroker(options);
  const inside = { url: withoutPassword(options.url), ...(options.ca !== undefined && { ca: options.ca }) };
  return {
    listen: (receive) => broker.start(receive),
    url: () => options.publicUrl ?? inside.url,
    inside: () => inside,
    healthy: () => broker.up,
    publish: (address, channel, message) =>
      broker.publish(topic(address, channel), JSON.stringify(message), lifeSecondsOf(message)),
    admit: (admission) => broker.admit(admission),
    withdraw: (credential) => options.access.withdraw(credential),
    lapse: (credentials) => options.access.lapse(credentials),
    disconnect: (address) => void broker.revoking.revoke(address),
    // While this server cannot reach the broker, another server may.
    hears: () => broker.up,
    listening: () => undefined,
    connections: () => [],
    close: () => broker.close(),
  };
}

class OutsideBroker {
  readonly #options: OutsideOptions;
  readonly #inHand = new InHandLimit(mostInHand);
  readonly #share: FairShare;
  readonly #ending = new AbortController();
  #link: BrokerLink | undefined;
  /** After a connection with MQTT 5 no older version is tried: with 3.1.1 servers could not share the messages. */
  #versions: readonly (4 | 5)[] = [5, 4];
  #kept: Promise<void> = Promise.resolve();
  readonly revoking: ConnectionEnder;

  constructor(options: OutsideOptions) {
    this.#options = options;
    this.revoking = new ConnectionEnder({ log: options.log, revoke: (address) => options.access.revoke(address) });
    const floods = new Floods({ sendAway: (address) => this.#endFlood(address) });
    this.#share = new FairShare({
      mostWaiting: mostWaitingAtBroker,
      dropped: (address) => floods.dropped(address),
    });
  }

  get up(): boolean {
    return this.#link !== undefined;
  }

  async start(receive: Receive): Promise<void> {
    const { url, log, patience = { seconds: 0, log } } = this.#options;
    this.#share.start(receive);
    if (this.#options.asksUs) {
      this.#kept = this.#reopen().then((link) => this.#keep(link));
      return;
    }
    const open = () =>
      this.#open().catch((error: unknown) => {
        throw new StartupError(
          `The MQTT broker at ${withoutPassword(url)} (MQTT_URL) cannot be reached: ${messageOf(error)}`,
          { cause: error, mayPass: isAway(error) },
        );
      });
    this.#kept = this.#keep(await patiently(patience, open));
  }

  /**
   * Publishes with QoS 1. Rejects at once while there is no connection: a command must not wait for one and arrive
   * late. The outbox sends it again.
   */
  async publish(name: string, payload: string, lifeSeconds: number | undefined): Promise<void> {
    if (!this.#link) throw new Error("the MQTT broker is away");
    await this.#link.publish(name, payload, lifeSeconds);
  }

  /** Takes no further messages, finishes those in hand, and disconnects. */
  async close(): Promise<void> {
    this.#ending.abort();
    const link = this.#link;
    if (link) {
      const late = new AbortController();
      const done = link
        .unsubscribe()
        .catch(() => undefined)
        .then(() => this.#inHand.done());
      await Promise.race([done, pause(farewellMs, late.signal)]);
      late.abort();
      await link.close();
    }
    await this.#kept;
    await this.revoking.close();
  }

  /**
   * Makes the broker accept a device, and ends the connections of the former one. If the broker cannot be reached, the
   * former device may stay connected for a while. It receives none of the messages for its successor, which has another
   * address.
   */
  async admit(admission: BrokerGrant): Promise<MqttLogin> {
    const { former } = admission;
    const ended = former === undefined ? undefined : this.revoking.revoke(former);
    const [admitted] = await Promise.all([this.#options.access.admit(admission), ended]);
    return admitted;
  }

  /**
   * Ends the connections of a flooding device: all devices share one connection between broker and server, and a flood
   * would fill it.
   */
  async #endFlood(address: string): Promise<void> {
    const { log } = this.#options;
    log.warn({ address }, "a device floods the broker, its connection is ended");
    await this.revoking.revoke(address);
  }

  async #open(): Promise<BrokerLink> {
    const { url, ca, access, log } = this.#options;
    const take = (name: string, payload: Buffer) => this.#take(name, payload);
    await access.prepare();
    const user = access.own();
    const link = await openLink({ url, user, ca, log, take, filters: upTopicFilters(), versions: this.#versions });
    if (link.version === 5) this.#versions = [5];
    log.info({ mqtt_version: link.version, shared: link.shared }, "connected to the MQTT broker");
    return link;
  }

  #take(name: string, payload: Buffer): Promise<void> {
    const from = parseTopic(name);
    const channel = from && upChannels.find((up) => up === from.channel);
    if (!channel) return Promise.resolve();
    return this.#inHand.add(this.#share.receive(from.address, channel, payload));
  }

  async #keep(first: BrokerLink | undefined): Promise<void> {
    const { log } = this.#options;
    const { signal } = this.#ending;
    for (let link: BrokerLink | undefined = first; link; link = await this.#reopen()) {
      this.#link = link;
      // `close` may have been called while the link was opening.
      if (signal.aborted) await link.close();
      await link.ended;
      this.#link = undefined;
      if (!signal.aborted) log.warn("the connection to the MQTT broker was lost, it is tried again");
    }
  }

  async #reopen(): Promise<BrokerLink | undefined> {
    const { log } = this.#options;
    const { signal } = this.#ending;
    let problem = "";
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      await pause(backoff(attempt, retryMs), signal);
      if (signal.aborted) break;
      try {
        return await this.#open();
      } catch (error) {
        // Logs one line per kind of error, not one per attempt.
        if (messageOf(error) !== problem) log.warn({ err: error }, "the MQTT broker cannot be reached");
        problem = messageOf(error);
      }
    }
    return undefined;
  }
}

/**
 * The life of a command in seconds: a terminal that reads slowly need not receive it once no agent may begin it. Both
 * times are the server's.
 */
function lifeSecondsOf(message: object): number | undefined {
  const { sent_at: sent, expires_at: expires } = message as { sent_at?: string; expires_at?: string };
  if (sent === undefined || expires === undefined) return undefined;
  return Math.max(1, Math.ceil((Date.parse(expires) - Date.parse(sent)) / 1000));
}

function withoutPassword(url: string): string {
  const parsed = new URL(url);
  parsed.username = "";
  parsed.password = "";
  return parsed.href.replace(/\/$/, "");
}

/** MQTT 3.1.1 and 5: the broker is there and cannot serve at the moment. */
const briefRefusals: ReadonlySet<unknown> = new Set([3, 136, 137]);

/** Whether the broker may come by itself: neither it nor its certificate has refused this server. */
function isAway(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return /^E(?!PROTO|RR_)[A-Z_]+$/.test(code);
  return code === undefined || briefRefusals.has(code);
}

function messageOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return message || code || "no answer";
}
