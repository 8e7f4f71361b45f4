import type { ResultMessage, UpChannel } from "@tillkeeper/contract/mqtt";
import { backoff, peacefulMs, standBackMs } from "../backoff.ts";
import { BrokerLink, type LinkEnd } from "./broker-link.ts";
import { type Connection, type ConnectionSettings, type Credential, current } from "./connection.ts";
import { reactionTo, takenOver } from "./mqtt-reasons.ts";
import { type MqttVersion, VersionChoice, versionOf } from "./mqtt-version.ts";

const firstRetryMs = 200;
const longestRetryMs = 10_000;
/** A link that lived this long was a good one: the next attempt may come quickly again. */
const stableMs = 2_000;
/** After a link on which the server answered, but that did not live as long: two agents that push each other out. */
const failuresAfterProof = 2;
/** Links that the broker ends without a word, in a row: another device has come as this one, though not every broker says so. */
const pushesOfAnother = 3;
const goodbyeMs = 1000;

/** MQTT by mqtt.js: 5 where the broker speaks it, else 3.1.1. Clean sessions, QoS 1, a new client per attempt so that nothing old is sent again. */
export const openMqttConnection = (settings: ConnectionSettings): MqttLink => new MqttConnection(settings, "auto");

/** The same with one version alone. */
export const openMqttAs =
  (version: MqttVersion) =>
  (settings: ConnectionSettings): MqttLink =>
    new MqttConnection(settings, version);

/** For those who play bad links. */
export interface MqttLink extends Connection {
  /** Lets nothing out any more, as a link does that died without a word, until it breaks and another takes its place. */
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
  /** Links in a row that the broker ended without a word, before they had been left in peace. */
  #pushes = 0;
  #cancelRetry: (() => void) | undefined;
  #ended = false;
  #problem = "";
  #lastUrl = "";
  #forget: (() => void) | undefined;
  /** Is being opened anew, in good order. */
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
    this.#pushes = 0;
    if (this.#cancelRetry) this.#open();
    else this.drop();
  }

  async close(): Promise<void> {
    this.#end();
    const link = this.#link;
    if (!link || link.destroyed) return;
    // Without a link there is nobody to say DISCONNECT to.
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
    this.#forget?.();
    this.#forget = credential.whenOutdated?.(() => this.#reopen());
    return credential;
  }

  /** A DISCONNECT takes the will back: the server learns of the new connection by its hello, and of no loss. */
  #reopen(): void {
    const link = this.#link;
    // One that is just being opened, too: it has the password of before.
    if (this.#ended || !link || link === this.#reopening) return;
    this.#reopening = link;
    if (link.connected) this.#disconnect(link);
    else link.break();
  }

  /** A broker that hangs is not waited for. */
  #disconnect(link: BrokerLink): void {
    const cancel = this.#settings.clock.after(goodbyeMs, () => link.break());
    void link.ended.then(cancel);
    link.disconnect();
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

  /** Where to connect; the last URL that could be used, should a newer one be none. */
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
    this.#problem = "";
    this.#upSince = clock.monotonic();
    this.#versions.answered(link.level);
    log.info({ address: link.address, mqtt_version: versionOf(link.level) }, "connected");
    events.up(session);
  }

  /** Of a result the server hears at least where it stands in the log: it counts it, and what comes after it can be told. */
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
      if (lived >= peacefulMs) this.#standBacks = this.#pushes = 0;
      else if (end.sentAway) this.#pushes += 1;
      this.#upSince = undefined;
      log.info({ address: link.address }, "connection lost");
      const another = end.code === takenOver || (end.sentAway && this.#pushes >= pushesOfAnother);
      events.down(another ? "taken_over" : undefined);
    }
    if (this.#ended) return;
    const inGoodOrder = this.#reopening === link;
    this.#reopening = undefined;
    if (inGoodOrder || this.#turned(link, end)) return this.#open();
    if (end.cause) this.#report(end.cause, "cannot connect; will try again");
    this.#cancelRetry = clock.after(this.#pauseMs(link, end), () => this.#open());
  }

  /** Whether to try the other version at once. */
  #turned({ level }: BrokerLink, { code, silent }: LinkEnd): boolean {
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
      return backoff(this.#standBacks - 1, standBackMs.first, standBackMs.longest);
    }
    this.#failures += 1;
    return backoff(Math.max(this.#failures, this.#pushes) - 1, firstRetryMs, longestRetryMs);
  }

  /** One line per kind of trouble, not one per attempt. */
  #report(cause: Error, what: string): void {
    if (this.#ended || cause.message === this.#problem) return;
    this.#problem = cause.message;
    this.#settings.log.warn({ address: current(this.#credential.address), err: cause }, what);
  }
}

function urlOf(credential: Credential): string {
  const url = current(credential.url);
  const { protocol } = new URL(url);
  if (!["mqtt:", "mqtts:", "ws:", "wss:"].includes(protocol)) throw new Error(`Not an MQTT address: ${protocol}`);
  return url;
}
