import { downChannels, type UpChannel } from "@tillkeeper/contract/mqtt/topics";
import { backoff, takeoverFreeMs, takeoverPauseMs } from "../backoff.ts";
import {
  type Connection,
  type ConnectionSettings,
  type Credential,
  current,
  type OpenConnection,
} from "./connection.ts";
import { LongPollLink, SessionReplaced } from "./long-poll-link.ts";

const firstRetryMs = 200;
const longestRetryMs = 10_000;

/**
 * Opens a connection over HTTPS long-polling, for networks that let no MQTT through. Throws for a URL that is not
 * HTTP(S).
 */
export const openLongPollConnection: OpenConnection = (settings) => new LongPollConnection(settings);

class LongPollConnection implements Connection {
  readonly #settings: ConnectionSettings;
  #credential: Credential;
  #link: LongPollLink | undefined;
  #upSince: number | undefined;
  #failures = 0;
  #standBacks = 0;
  #cancelRetry: (() => void) | undefined;
  #ended = false;
  #unregister: (() => void) | undefined;
  #lastProblem = "";

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.#credential = this.#watched(settings.credential);
    this.#open();
  }

  send(channel: UpChannel, message: object): Promise<void> {
    return this.#upSince !== undefined && this.#link ? this.#link.say(channel, message) : Promise.resolve();
  }

  /** Does nothing: each answer to a request already resets the pauses. */
  proved(): void {}

  drop(): void {
    this.#link?.end();
  }

  use(credential: Credential): void {
    this.#credential = this.#watched(credential);
    this.#failures = 0;
    this.#standBacks = 0;
    if (this.#cancelRetry) this.#open();
    else this.drop();
  }

  async close(): Promise<void> {
    // The goodbye may still wait to be sent.
    await this.#link?.said();
    await this.destroy();
  }

  destroy(): Promise<void> {
    this.#ended = true;
    this.#unregister?.();
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#link?.end();
    return Promise.resolve();
  }

  #watched(credential: Credential): Credential {
    const { protocol } = new URL(current(credential.url));
    if (!["http:", "https:"].includes(protocol)) throw new Error(`Not an HTTP address: ${protocol}`);
    this.#unregister?.();
    this.#unregister = credential.whenOutdated?.(() => this.drop());
    return credential;
  }

  #open(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    const { events, log, clock, nextSession } = this.#settings;
    const link = new LongPollLink(nextSession(), this.#credential, (messages) => {
      for (const { channel, message } of messages) {
        const known = downChannels.find((name) => name === channel);
        if (known && !this.#ended) events.message(known, Buffer.from(JSON.stringify(message)));
      }
    });
    this.#link = link;
    const up = () => {
      this.#upSince = clock.monotonic();
      this.#failures = 0;
      this.#lastProblem = "";
      log.info({ address: current(this.#credential.address) }, "connected over HTTPS");
      events.up(link.session);
    };
    link.listen(up).catch((cause: unknown) => this.#closed(cause));
  }

  #closed(cause: unknown): void {
    const { clock, events, log } = this.#settings;
    this.#link = undefined;
    const wasUp = this.#upSince !== undefined;
    if (this.#upSince !== undefined && clock.monotonic() - this.#upSince >= takeoverFreeMs) this.#standBacks = 0;
    this.#upSince = undefined;
    const problem = cause instanceof Error ? cause.message : String(cause);
    // One log line per problem, not one per attempt.
    if (!this.#ended && problem !== this.#lastProblem) {
      log.warn({ address: current(this.#credential.address), err: cause }, "the HTTPS link failed; will try again");
    }
    this.#lastProblem = problem;
    if (wasUp) events.down();
    if (this.#ended) return;
    this.#cancelRetry = clock.after(this.#pauseMs(cause), () => this.#open());
  }

  #pauseMs(cause: unknown): number {
    if (cause instanceof SessionReplaced) {
      this.#standBacks += 1;
      return backoff(this.#standBacks - 1, takeoverPauseMs.first, takeoverPauseMs.longest);
    }
    this.#failures += 1;
    return backoff(this.#failures - 1, firstRetryMs, longestRetryMs);
  }
}
