import { backoff } from "../backoff.ts";
import { type Clock, sleep, systemClock } from "../clock.ts";
import type { Credential } from "../links/connection.ts";
import { type Logger, silentLogger } from "../logger.ts";
import type { DeviceKeys } from "./device-keys.ts";
import { DeviceServerError, type DeviceToken, requestToken } from "./pairing.ts";

export interface DeviceCredentialOptions {
  /** The server's address, without a path. */
  server: string;
  keys: DeviceKeys;
  terminalId: string;
  /** From pairing; without it one is asked for. */
  first?: DeviceToken;
  clock?: Clock;
  log?: Logger;
  /** Has it noted in the journal that the device has another address; nothing connects as that before. */
  moved?: (address: string) => Promise<void>;
  /** Hands in what the server lacks of the log; done whenever it says that this device was replaced. May reject. */
  handIn?: () => Promise<void>;
  /** Told when the server does not know the device's key any more: it was deleted, replaced, or paired anew. */
  lockedOut?: () => void;
}

/** So much of a token's life is used before the next one is asked for. */
const renewAfterShare = 0.8;
const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

/**
 * The credential of a paired device: keeps a token fresh, and hands out the current one whenever a connection is opened.
 * A connection that is open lives on as long as tokens are renewed; but where brokers have passwords of their own kind, and
 * a renewal brings another, they end it with the old one. It is opened anew before that; and when the device has another
 * address.
 */
export class DeviceCredential {
  /** For an agent: always the current token. */
  readonly credential: Credential;
  /** The same over HTTPS, where the token itself is what counts, whatever the broker wants to see. */
  readonly overHttps: Credential;
  readonly #options: DeviceCredentialOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  #token: DeviceToken;
  #since: number;
  #failures = 0;
  #lockedOut = false;
  #refusals = 0;
  #renewing = false;
  /** A renewal is planned because the broker refused the token. */
  #hurrying = false;
  /** The journal is an old copy: the next token must have another address. */
  #memoryLost = false;
  #cancelTimer: (() => void) | undefined;
  readonly #overMqtt = new Set<() => void>();
  readonly #overHttps = new Set<() => void>();

  private constructor(options: DeviceCredentialOptions, token: DeviceToken) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
    this.#token = token;
    this.#since = this.#clock.monotonic();
    this.credential = {
      url: () => this.#token.mqtt_url,
      address: () => this.#token.address,
      password: () => this.#token.mqtt_password,
      clientId: () => this.#token.mqtt_client_id,
      refused: () => this.#refused(),
      memoryLost: () => this.#loseMemory(),
      whenOutdated: (reopen) => noteIn(this.#overMqtt, reopen),
    };
    this.overHttps = {
      url: token.https_url,
      address: () => this.#token.address,
      password: () => this.#token.token,
      refused: () => this.#refused(),
      memoryLost: () => this.#loseMemory(),
      whenOutdated: (reopen) => noteIn(this.#overHttps, reopen),
    };
    this.#plan(this.#renewInMs());
  }

  /** Resolves with the first token; tries until the signal says otherwise. Rejects when the server does not know the keys. */
  static async open(options: DeviceCredentialOptions, signal?: AbortSignal): Promise<DeviceCredential> {
    const { clock = systemClock, log = silentLogger } = options;
    if (options.first) return new DeviceCredential(options, options.first);
    for (let attempt = 0; ; attempt += 1) {
      try {
        const token = await requestToken({ ...options, ...(signal && { signal }) });
        return new DeviceCredential(options, token);
      } catch (cause) {
        if (!(cause instanceof DeviceServerError) || cause.final) throw cause;
        log.warn({ terminal_id: options.terminalId, err: cause }, "no token yet; will try again");
        await sleep(clock, retryMs(attempt, cause), signal ?? new AbortController().signal);
      }
    }
  }

  /** The current token, for requests over HTTPS. */
  get token(): string {
    return this.#token.token;
  }

  /** No timer is left, and nothing is under way. */
  stop(): void {
    this.#stopping.abort();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #renewInMs(): number {
    return this.#token.expires_in * 1000 * renewAfterShare;
  }

  #plan(delayMs: number): void {
    this.#cancelTimer?.();
    if (this.#stopping.signal.aborted) return;
    this.#cancelTimer = this.#clock.after(delayMs, () => void this.#renew());
  }

  /** A broker may refuse for other reasons, too: a token that was renewed just now is not renewed without end. */
  #refused(): void {
    if (this.#renewing || this.#hurrying || this.#failures > 0) return;
    this.#hurrying = true;
    this.#refusals += 1;
    this.#plan(this.#refusals === 1 ? 0 : backoff(this.#refusals - 2, firstRetryMs, longestRetryMs));
  }

  #loseMemory(): void {
    this.#memoryLost = true;
    if (!this.#renewing) this.#plan(0);
  }

  /**
   * Another address than before was given to whoever else holds these keys, or to a request whose answer got lost. What was
   * done as that is not in this device's journal, so it asks for one that is its own. So it does when its journal is an old copy.
   */
  async #next(): Promise<DeviceToken> {
    const options = { ...this.#options, signal: this.#stopping.signal, held: this.#token.token };
    const token = this.#memoryLost ? undefined : await requestToken(options);
    if (token && token.address === this.#token.address) return token;
    const own = await requestToken({ ...options, memoryLost: true });
    await this.#options.moved?.(own.address);
    this.#memoryLost = false;
    return own;
  }

  async #renew(): Promise<void> {
    if (this.#renewing) return;
    this.#renewing = true;
    const { terminalId } = this.#options;
    try {
      const ranItsCourse = this.#clock.monotonic() - this.#since >= this.#renewInMs();
      const former = this.#token;
      this.#token = await this.#next();
      const isOther = former.address !== this.#token.address;
      if (isOther || endsAtTheBroker(former, this.#token)) for (const reopen of this.#overMqtt) reopen();
      if (isOther) for (const reopen of this.#overHttps) reopen();
      this.#since = this.#clock.monotonic();
      this.#failures = 0;
      this.#lockedOut = false;
      if (ranItsCourse) this.#refusals = 0;
      this.#plan(this.#renewInMs());
    } catch (cause) {
      if (this.#stopping.signal.aborted) return;
      const final = cause instanceof DeviceServerError && cause.final;
      if (final) this.#log.error({ terminal_id: terminalId, err: cause }, "the device has to be paired again");
      else this.#log.warn({ terminal_id: terminalId, err: cause }, "no new token; will try again");
      if (final && !this.#lockedOut) this.#options.lockedOut?.();
      this.#lockedOut ||= final;
      if (final) await this.#handIn();
      this.#plan(final ? longestRetryMs : retryMs(this.#failures, cause));
      this.#failures += 1;
    } finally {
      this.#renewing = false;
      this.#hurrying = false;
    }
    if (this.#memoryLost && this.#failures === 0) this.#plan(0);
  }

  async #handIn(): Promise<void> {
    try {
      await this.#options.handIn?.();
    } catch (cause) {
      this.#log.warn({ terminal_id: this.#options.terminalId, err: cause }, "cannot hand in results; will try again");
    }
  }
}

function noteIn(waiting: Set<() => void>, reopen: () => void): () => void {
  waiting.add(reopen);
  return () => void waiting.delete(reopen);
}

function endsAtTheBroker(former: DeviceToken, next: DeviceToken): boolean {
  return next.mqtt_password !== next.token && next.mqtt_password !== former.mqtt_password;
}

function retryMs(attempt: number, cause: unknown): number {
  const asked = cause instanceof DeviceServerError ? cause.retryAfterMs : 0;
  return Math.max(asked, backoff(attempt, firstRetryMs, longestRetryMs));
}
