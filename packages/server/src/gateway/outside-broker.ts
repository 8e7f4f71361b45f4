import { parseTopic, topic, upChannels, upTopicFilters } from "@tillkeeper/contract/mqtt";
import type { BrokerAccess } from "../broker-access/access.ts";
import { backoff } from "../platform/backoff.ts";
import type { Logger } from "../platform/log.ts";
import { pause } from "../platform/pause.ts";
import { StartupError } from "../platform/startup-error.ts";
import type { Admission, Admitted } from "../terminals/admission.ts";
import { type BrokerLink, openLink } from "./broker-link.ts";
import { FairShare, mostWaitingAtBroker } from "./fair-share.ts";
import { Floods } from "./floods.ts";
import { Handling } from "./handling.ts";
import { Revoking } from "./revoking.ts";
import type { DeviceTransport, Receive } from "./transport.ts";

interface OutsideOptions {
  url: string;
  /** Certificates that are trusted in place of the system's. */
  ca?: string | undefined;
  /** Where devices are told to connect, if that is not where this server does. */
  publicUrl?: string | undefined;
  /** How the broker knows who may use what. */
  access: BrokerAccess;
  /** It asks this server before it lets anybody in, this server too: which can answer only once it has started. */
  asksUs?: boolean;
  log: Logger;
  receive: Receive;
}

const mostInHand = 1_000;
/** Between one attempt to come back and the next. */
const retryMs = { first: 200, longest: 5_000 };
/** How long the end waits for the broker to take the subscription back, and for messages that are being handled. */
const farewellMs = 5_000;

/**
 * A broker that the operator runs (`MQTT_URL`). Who may use which topic is that broker's business; `access` tells it, or
 * answers what it asks.
 *
 * Several servers share the work: with MQTT 5 each message goes to one of them. A broker that cannot share gives every
 * message to all, which does no harm, because what terminals report is counted once.
 *
 * Throws `StartupError` when the first connection fails: that is a wrong setting. Later it comes back by itself. A
 * broker that has to ask us first is connected to in the background.
 */
export async function connectOutsideBroker(options: OutsideOptions): Promise<DeviceTransport> {
  const broker = new OutsideBroker(options);
  await broker.start();
  const inside = { url: withoutPassword(options.url), ...(options.ca !== undefined && { ca: options.ca }) };
  return {
    url: () => options.publicUrl ?? inside.url,
    inside: () => inside,
    healthy: () => broker.up,
    publish: (address, channel, message) =>
      broker.publish(topic(address, channel), JSON.stringify(message), lifeSecondsOf(message)),
    admit: (admission) => broker.admit(admission),
    withdraw: (credential) => options.access.withdraw(credential),
    lapse: (credentials) => options.access.lapse(credentials),
    disconnect: (address) => void broker.revoking.revoke(address),
    // While the broker is out of this server's reach, it may be in another one's.
    hears: () => broker.up,
    listening: () => undefined,
    connections: () => [],
    close: () => broker.close(),
  };
}

class OutsideBroker {
  readonly #options: OutsideOptions;
  readonly #inHand = new Handling(mostInHand);
  readonly #share: FairShare;
  readonly #ending = new AbortController();
  #link: BrokerLink | undefined;
  /** Once it has spoken MQTT 5, a failure is no reason to try an older version, with which nothing is shared. */
  #versions: readonly (4 | 5)[] = [5, 4];
  #kept: Promise<void> = Promise.resolve();
  readonly revoking: Revoking;

  constructor(options: OutsideOptions) {
    this.#options = options;
    this.revoking = new Revoking({ log: options.log, revoke: (address) => options.access.revoke(address) });
    const floods = new Floods({ sendAway: (address) => this.#endFlood(address) });
    this.#share = new FairShare({
      mostWaiting: mostWaitingAtBroker,
      receive: options.receive,
      dropped: (address) => floods.dropped(address),
    });
  }

  get up(): boolean {
    return this.#link !== undefined;
  }

  async start(): Promise<void> {
    const { url } = this.#options;
    if (this.#options.asksUs) {
      this.#kept = this.#reopen().then((link) => this.#keep(link));
      return;
    }
    const link = await this.#open().catch((error: unknown) => {
      throw new StartupError(
        `The MQTT broker at ${withoutPassword(url)} (MQTT_URL) cannot be reached: ${messageOf(error)}`,
        { cause: error },
      );
    });
    this.#kept = this.#keep(link);
  }

  /**
   * Rejects at once while the broker is away: a command that waited for it would come late. The outbox sends it again.
   */
  async publish(name: string, payload: string, lifeSeconds: number | undefined): Promise<void> {
    if (!this.#link) throw new Error("the MQTT broker is away");
    await this.#link.publish(name, payload, lifeSeconds);
  }

  /** Takes no more messages, brings those to their end that it has, and says goodbye. */
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
   * The device before is over, also if the broker cannot be told of the next one. It may stay for a while then, and hears
   * nothing that is for the next.
   */
  async admit(admission: Admission): Promise<Admitted> {
    const { former } = admission;
    const ended = former === undefined ? undefined : this.revoking.revoke(former);
    const [admitted] = await Promise.all([this.#options.access.admit(admission), ended]);
    return admitted;
  }

  /** There is one connection to the broker for what all devices say: a flood would leave no room in it for the others. */
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
      // The end may have been asked for while it was opening.
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
        // One line per kind of trouble, not one per attempt.
        if (messageOf(error) !== problem) log.warn({ err: error }, "the MQTT broker cannot be reached");
        problem = messageOf(error);
      }
    }
    return undefined;
  }
}

/** A command that nobody may begin any more need not reach a terminal that was slow to read. Both times are the server's. */
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

function messageOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return message || code || "no answer";
}
