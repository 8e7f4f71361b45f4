import { backoff } from "../backoff.ts";
import { type Clock, sleep, systemClock } from "../clock.ts";
import type { Credential } from "../links/connection.ts";
import { type Logger, silentLogger } from "../logger.ts";
import type { DeviceKeys } from "./device-keys.ts";
import { DeviceServerError, type DeviceToken, requestToken } from "./pairing.ts";

/** What a `DeviceCredential` needs to keep a token fresh. */
export interface DeviceCredentialOptions {
  /** The server's address, without a path. */
  server: string;
  keys: DeviceKeys;
  terminalId: string;
  /** The token that pairing gave; left out, the first token is requested from the server. */
  first?: DeviceToken;
  clock?: Clock;
  log?: Logger;
  /** Called when the device got another address; must write that to the journal. Nothing connects under it before. */
  moved?: (address: string) => Promise<void>;
  /**
   * Hands in the results that the server lacks; called whenever the server says that this device was replaced. May
   * reject.
   */
  handInResults?: () => Promise<void>;
  /** Called when the server no longer knows the device's key: the terminal was deleted, replaced, or paired anew. */
  lockedOut?: () => void;
}

/** The share of a token's life after which the next token is requested. */
const renewAfterShare = 0.8;
const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

/**
 * The credential of a paired device: renews its token in time, and gives the current token whenever a connection is
 * opened. An open connection usually lives on while tokens are renewed. Some brokers have passwords of their own kind,
 * and end the connection together with its password when a renewal brings another. The connection is opened anew before
 * that, and when the device has another address.
 */
export class DeviceCredential {
  /** The credential for an agent over MQTT: its fields give the current token. */
  readonly credential: Credential;
  /**
   * The credential for an agent over HTTPS: the token itself, also where the broker wants a password of its own kind.
   */
  readonly overHttps: Credential;
  readonly #options: DeviceCredentialOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  #token: DeviceToken;
  #renewedAt: number;
  #failures = 0;
  #lockedOut = false;
  #refusals = 0;
  #renewing = false;
  /** Whether a renewal is planned because the broker refused the token. */
  #renewsAfterRefusal = false;
  /** Whether the journal is an old copy: the next token must have another address. */
  #memoryLost = false;
  #cancelTimer: (() => void) | undefined;
  readonly #overMqtt = new Set<() => void>();
  readonly #overHttps = new Set<() => void>();

  private constructor(options: DeviceCredentialOptions, token: DeviceToken) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
    this.#token = token;
    this.#renewedAt = this.#clock.monotonic();
    this.credential = {
      url: () => this.#token.mqtt_url,
      address: () => this.#token.address,
      password: () => this.#token.mqtt_password,
      clientId: () => this.#token.mqtt_client_id,
      refused: () => this.#refused(),
      memoryLost: () => this.#loseMemory(),
      whenOutdated: (reopen) => register(this.#overMqtt, reopen),
    };
    this.overHttps = {
      url: token.https_url,
      address: () => this.#token.address,
      password: () => this.#token.token,
      refused: () => this.#refused(),
      memoryLost: () => this.#loseMemory(),
      whenOutdated: (reopen) => register(this.#overHttps, reopen),
    };
    this.#plan(this.#renewInMs());
  }

  /**
   * Resolves when the first token is there; tries again until the signal is aborted. Rejects with `DeviceServerError`
   * when the server does not know the keys, and with the signal's reason.
   */
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

  /** Stops renewing: cancels the timer and the request under way. */
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

  /**
   * Renews a refused token. Repeated refusals wait longer each time, because a broker may refuse for other reasons,
   * too.
   */
  #refused(): void {
    if (this.#renewing || this.#renewsAfterRefusal || this.#failures > 0) return;
    this.#renewsAfterRefusal = true;
    this.#refusals += 1;
    this.#plan(this.#refusals === 1 ? 0 : backoff(this.#refusals - 2, firstRetryMs, longestRetryMs));
  }

  #loseMemory(): void {
    this.#memoryLost = true;
    if (!this.#renewing) this.#plan(0);
  }

  /**
   * Requests the next token. A token with another address than before means that a second holder of these keys
   * requested it, or that an answer got lost. This journal lacks what was done under that address, so the device
   * requests an address of its own. It does so as well when its journal is an old copy.
   */
  async #requestNext(): Promise<DeviceToken> {
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
      const isDue = this.#clock.monotonic() - this.#renewedAt >= this.#renewInMs();
      const former = this.#token;
      this.#token = await this.#requestNext();
      const isOther = former.address !== this.#token.address;
      if (isOther || replacesBrokerPassword(former, this.#token)) for (const reopen of this.#overMqtt) reopen();
      if (isOther) for (const reopen of this.#overHttps) reopen();
      this.#renewedAt = this.#clock.monotonic();
      this.#failures = 0;
      this.#lockedOut = false;
      if (isDue) this.#refusals = 0;
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
      this.#renewsAfterRefusal = false;
    }
    if (this.#memoryLost && this.#failures === 0) this.#plan(0);
  }

  async #handIn(): Promise<void> {
    try {
      await this.#options.handInResults?.();
    } catch (cause) {
      this.#log.warn({ terminal_id: this.#options.terminalId, err: cause }, "cannot hand in results; will try again");
    }
  }
}

function register(waiting: Set<() => void>, reopen: () => void): () => void {
  waiting.add(reopen);
  return () => void waiting.delete(reopen);
}

function replacesBrokerPassword(former: DeviceToken, next: DeviceToken): boolean {
  return next.mqtt_password !== next.token && next.mqtt_password !== former.mqtt_password;
}

function retryMs(attempt: number, cause: unknown): number {
  const asked = cause instanceof DeviceServerError ? cause.retryAfterMs : 0;
  return Math.max(asked, backoff(attempt, firstRetryMs, longestRetryMs));
}
