import type { HeartbeatMessage, Memory } from "@tillkeeper/contract/mqtt";
import { defaultHeartbeatSeconds } from "@tillkeeper/contract/presence";
import type { DeviceFault, Telemetry } from "@tillkeeper/contract/telemetry";
import { type Clock, timestamp } from "../clock.ts";
import type { Logger } from "../logger.ts";

export interface HeartbeatsOptions {
  clock: Clock;
  log: Logger;
  send: (heartbeat: HeartbeatMessage) => void;
  /** How far the server is with the log. */
  memory?: () => Memory | undefined;
  telemetry?: () => Telemetry;
  fault?: () => DeviceFault | undefined;
}

/** Between heartbeats that something has called for. */
const shortestGapMs = 1_000;
/** Each pause is shorter than the server asked for by up to this share, so that a fleet does not beat in step. */
const chance = 0.1;

/** Tells the server that the terminal is there and how it is, from the first welcome of a link to its end. */
export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  #session: string | undefined;
  #everyMs = defaultHeartbeatSeconds * 1000;
  #roundTripMs: number | undefined;
  #saidAt = Number.NEGATIVE_INFINITY;
  /** When the next one is said; there from the first welcome on. */
  #next: { at: number; cancel: () => void } | undefined;

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
  }

  /** The name of the link there is. */
  get session(): string | undefined {
    return this.#session;
  }

  /** There is a link; the server wants to hear of it once it has said welcome. */
  begin(session: string): void {
    this.pause();
    this.#session = session;
  }

  welcomed(roundTripMs: number, everySeconds = defaultHeartbeatSeconds): void {
    if (this.#session === undefined) return;
    this.#roundTripMs = roundTripMs;
    this.#everyMs = everySeconds * 1000;
    this.#sayAt(this.#soonest());
  }

  /** Something has changed: says so at once, or as soon as a second has passed since the last one. */
  soon(): void {
    const at = this.#soonest();
    // Before the first welcome there is one to come anyway.
    if (this.#next && at < this.#next.at) this.#sayAt(at);
  }

  /** The link is gone, or the agent stops. */
  pause(): void {
    this.#session = undefined;
    this.#next?.cancel();
    this.#next = undefined;
  }

  #soonest(): number {
    return Math.max(this.#options.clock.monotonic(), this.#saidAt + shortestGapMs);
  }

  #sayAt(at: number): void {
    const { clock } = this.#options;
    this.#next?.cancel();
    const delayMs = at - clock.monotonic();
    if (delayMs <= 0) this.#say();
    else this.#next = { at, cancel: clock.after(delayMs, () => this.#say()) };
  }

  #say(): void {
    const { clock, send } = this.#options;
    if (this.#session === undefined) return;
    this.#saidAt = clock.monotonic();
    const fault = this.#ask(this.#options.fault);
    const memory = this.#ask(this.#options.memory);
    const telemetry = this.#ask(this.#options.telemetry);
    send({
      session: this.#session,
      sent_at: timestamp(clock.now()),
      ...(this.#roundTripMs !== undefined && { round_trip_ms: Math.round(this.#roundTripMs) }),
      ...(memory && { memory }),
      ...(telemetry && { telemetry }),
      ...(fault && { fault }),
    });
    const pauseMs = this.#everyMs * (1 - Math.random() * chance);
    this.#next = { at: this.#saidAt + pauseMs, cancel: clock.after(pauseMs, () => this.#say()) };
  }

  /** A device that cannot tell how it is can still tell that it is there. */
  #ask<T>(what: (() => T) | undefined): T | undefined {
    try {
      return what?.();
    } catch (cause) {
      this.#options.log.error({ err: cause }, "cannot tell how the device is");
      return undefined;
    }
  }
}
