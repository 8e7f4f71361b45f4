import type { ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import type { UpChannel } from "@tillkeeper/contract/mqtt/topics";
import { backoff, takeoverFreeMs, takeoverPauseMs } from "../backoff.ts";
import { BrokerLink, type LinkEnd } from "./broker-link.ts";
import { type Connection, type ConnectionSettings, type Credential, current } from "./connection.ts";
import { reactionTo, sessionTakenOver } from "./mqtt-reasons.ts";
import { type MqttVersion, VersionChoice, versionOf } from "./mqtt-version.ts";

const firstRetryMs = 200;
const longestRetryMs = 10_000;
/** A link that lived this long counts as stable: after it the pauses begin with the shortest again. */
const stableMs = 2_000;
/**
 * Failures that still count after a shorter link on which the server answered: two agents may take each other's place.
 */
const failuresAfterProof = 2;
/**
 * Links in a row that the broker ended without a code, after which a takeover is assumed: not every broker names it.
 */
const silentEndsOfTakeover = 3;
const goodbyeMs = 1000;

/**
 * Opens a connection over MQTT by mqtt.js: version 5 where the broker supports it, else 3.1.1. Clean sessions, QoS 1,
 * and a new client per attempt, so that no old message is sent again. Throws for a URL that is not MQTT.
 */
export const openMqttConnection = (settings: ConnectionSettings): MqttLink => new MqttConnection(settings, "auto");

/** Opens a connection over MQTT with a fixed version; otherwise like `openMqttConnection`. */
export const openMqttVersion =
  (version: MqttVersion) =>
  (settings: ConnectionSettings): MqttLink =>
    new MqttConnection(settings, version);

/** An MQTT connection that can also imitate a bad link, for virtual terminals and tests. */
export interface MqttLink extends Connection {
  /** Stops sending on the present link, whose socket stays open, as when the peer vanished. Ends with the link. */
  stall(): void;
}

class MqttConnection implements MqttLink {
  readonly #settings: ConnectionSettings;
  readonly #versions: VersionChoice;
  #credential: Credential;
  #link: BrokerLink | undefined;
  #upSince: number | undefined;
  #failures = 0;
  #standBacks = 0;
  /** Links in a row that the broker ended without a code, each shorter than `takeoverFreeMs`. */
  #silentEnds = 0;
  #cancelRetry: (() => void) | undefined;
  #ended = false;
  #lastProblem = "";
  #lastUrl = "";
  #unregister: (() => void) | undefined;
  /** The link that is being ended on purpose, to be opened anew at once. */
  #reopening: BrokerLink | undefined;

  constructor(settings: ConnectionSettings, version: MqttVersion) {
    this.#settings = settings;
    this.#versions = new VersionChoice(version);
    this.#credential = this.#watched(settings.credential);
    this.#open();
  }

  send(channel: UpChannel, message: object): Promise<void> {
    return this.#link?.send(channel, message) ?? Promise.resolve();
  }

  proved(): void {
    this.#failures = Math.min(this.#failures, failuresAfterProof);
  }

  drop(): void {
    this.#link?.break();
  }

  stall(): void {
    this.#link?.stall();
  }

  use(credential: Credential): void {
    this.#credential = this.#watched(credential);
    this.#failures = 0;
    this.#standBacks = 0;
    this.#silentEnds = 0;
    if (this.#cancelRetry) this.#open();
    else this.drop();
  }

  async close(): Promise<void> {
    this.#end();
    const link = this.#link;
    if (!link || link.destroyed) return;
    // A link that is still connecting cannot send DISCONNECT.
    if (!link.connected) link.break();
    this.#disconnect(link);
    await link.ended;
  }

  async destroy(): Promise<void> {
    this.#end();
    const link = this.#link;
    if (!link || link.destroyed) return;
    link.break();
    await link.ended;
  }

  #watched(credential: Credential): Credential {
    this.#lastUrl = urlOf(credential);
    this.#unregister?.();
    this.#unregister = credential.whenOutdated?.(() => this.#reopen());
    return credential;
  }

  /** Opens the link anew, after a DISCONNECT: the broker discards the will, so the server learns of no loss. */
  #reopen(): void {
    const link = this.#link;
    // A link that is still being opened has the old password as well, so it is replaced, too.
    if (this.#ended || !link || link === this.#reopening) return;
    this.#reopening = link;
    if (link.connected) this.#disconnect(link);
    else link.break();
  }

  /** Sends DISCONNECT, and destroys the socket if the broker does not close it in time. */
  #disconnect(link: BrokerLink): void {
    const cancel = this.#settings.clock.after(goodbyeMs, () => link.break());
    void link.ended.then(cancel);
    link.disconnect();
  }

  #end(): void {
    this.#ended = true;
    this.#unregister?.();
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  #open(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    const { events } = this.#settings;
    const { password, clientId, ca } = this.#credential;
    const address = current(this.#credential.address);
    const url = this.#url();
    const session = this.#settings.nextSession();
    const link: BrokerLink = new BrokerLink({
      level: this.#versions.begin(url),
      address,
      session,
      login: {
        url,
        password: current(password),
        clientId: current(clientId ?? address),
        ...(ca !== undefined && { ca }),
      },
      events: {
        up: () => this.#up(link, session),
        message: (channel, payload) => {
          if (!this.#ended) events.message(channel, payload);
        },
        refused: (channel, cause) => this.#report(cause, `the broker does not take a ${channel}`),
        tooLarge: (channel, message, largestBytes) => this.#tooLarge(link, channel, { message, largestBytes }),
        ended: (end) => this.#down(link, end),
      },
    });
    this.#link = link;
  }

  /** Returns the URL to connect to; the last usable URL when the present one cannot be used. */
  #url(): string {
    try {
      this.#lastUrl = urlOf(this.#credential);
    } catch (cause) {
      this.#report(cause as Error, "the new URL cannot be used");
    }
    return this.#lastUrl;
  }

  #up(link: BrokerLink, session: string): void {
    if (this.#link !== link || this.#ended) return;
    const { clock, log, events } = this.#settings;
    this.#lastProblem = "";
    this.#upSince = clock.monotonic();
    this.#versions.answered(link.level);
    log.info({ address: link.address, mqtt_version: versionOf(link.level) }, "connected");
    events.up(session);
  }

  /**
   * Logs the message. A result is sent once more without its details: the server then counts its number, and later
   * results can be sent.
   */
  #tooLarge(
    link: BrokerLink,
    channel: UpChannel,
    { message, largestBytes }: { message: object; largestBytes: number },
  ) {
    this.#settings.log.error(
      { address: link.address, channel, largest_bytes: largestBytes },
      "a message is too large for the broker",
    );
    const { result, error, origin, ...bare } = message as Partial<ResultMessage>;
    if (channel === "result" && (result ?? error ?? origin) !== undefined) void link.send(channel, bare);
  }

  #down(link: BrokerLink, end: LinkEnd): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    const { clock, events, log } = this.#settings;
    if (this.#upSince !== undefined) {
      const lived = clock.monotonic() - this.#upSince;
      if (lived >= stableMs) this.#failures = 0;
      if (lived >= takeoverFreeMs) this.#standBacks = this.#silentEnds = 0;
      else if (end.sentAway) this.#silentEnds += 1;
      this.#upSince = undefined;
      log.info({ address: link.address }, "connection lost");
      const isTakeover = end.code === sessionTakenOver || (end.sentAway && this.#silentEnds >= silentEndsOfTakeover);
      events.down(isTakeover ? "taken_over" : undefined);
    }
    if (this.#ended) return;
    const isReopened = this.#reopening === link;
    this.#reopening = undefined;
    if (isReopened || this.#triesOtherVersion(link, end)) return this.#open();
    if (end.cause) this.#report(end.cause, "cannot connect; will try again");
    this.#cancelRetry = clock.after(this.#pauseMs(link, end), () => this.#open());
  }

  /** Notes what the end says about the MQTT version, and returns whether to try the other version at once. */
  #triesOtherVersion({ level }: BrokerLink, { code, silent }: LinkEnd): boolean {
    if (silent) return this.#versions.silent(level);
    if (code === undefined) this.#versions.failed();
    else if (reactionTo(code, level) === "other_version") return this.#versions.refused(level);
    else this.#versions.answered(level);
    return false;
  }

  #pauseMs({ level }: BrokerLink, { code }: LinkEnd): number {
    const reaction = reactionTo(code, level);
    if (reaction === "renew") this.#credential.refused?.();
    if (reaction === "stand_back") {
      this.#standBacks += 1;
      return backoff(this.#standBacks - 1, takeoverPauseMs.first, takeoverPauseMs.longest);
    }
    this.#failures += 1;
    return backoff(Math.max(this.#failures, this.#silentEnds) - 1, firstRetryMs, longestRetryMs);
  }

  /** Writes one log line per problem, not one per attempt. */
  #report(cause: Error, what: string): void {
    if (this.#ended || cause.message === this.#lastProblem) return;
    this.#lastProblem = cause.message;
    this.#settings.log.warn({ address: current(this.#credential.address), err: cause }, what);
  }
}

function urlOf(credential: Credential): string {
  const url = current(credential.url);
  const { protocol } = new URL(url);
  if (!["mqtt:", "mqtts:", "ws:", "wss:"].includes(protocol)) throw new Error(`Not an MQTT address: ${protocol}`);
  return url;
}
