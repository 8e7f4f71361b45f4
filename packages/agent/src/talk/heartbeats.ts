import type { HeartbeatMessage, Memory } from "@tillkeeper/contract/mqtt/messages";
import { defaultHeartbeatSeconds } from "@tillkeeper/contract/presence";
import type { DeviceFault, OpenBatch, Telemetry } from "@tillkeeper/contract/telemetry";
import { type Clock, timestamp } from "../clock.ts";
import type { Logger } from "../logger.ts";

export interface HeartbeatsOptions {
  clock: Clock;
  log: Logger;
  send: (heartbeat: HeartbeatMessage) => void;
  /** Returns how much of the log the server holds; undefined while that is unknown. */
  memory?: () => Memory | undefined;
  telemetry?: () => Telemetry;
  fault?: () => DeviceFault | undefined;
}

/**
 * The least pause between two heartbeats, also when a change asks for the next one: a second (rule 39), and a little more,
 * because a timer may fire a millisecond early and `sent_at` has whole milliseconds of another clock.
 */
const shortestGapMs = 1_010;
/** Each pause is shorter than the server asked for by a random share of at most this: a fleet must not send in step. */
const randomShare = 0.1;

/** Sends heartbeats with telemetry and fault, from the first welcome of a connection to its end. */
export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  #session: string | undefined;
  #everyMs = defaultHeartbeatSeconds * 1000;
  #roundTripMs: number | undefined;
  #sentAt = Number.NEGATIVE_INFINITY;
  /** The open batch of the last heartbeat on this connection. */
  #toldBatch: OpenBatch | undefined;
  /** The next heartbeat, by the monotonic clock; undefined before the first welcome. */
  #next: { at: number; cancel: () => void } | undefined;

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
  }

  /** The name of the present connection; undefined without one. */
  get session(): string | undefined {
    return this.#session;
  }

  /** To be called when a connection is up. Heartbeats begin with its welcome. */
  begin(session: string): void {
    this.pause();
    this.#session = session;
    this.#toldBatch = undefined;
  }

  /** To be called for each welcome, with its round trip and the interval that the server asks for. */
  welcomed(roundTripMs: number, everySeconds = defaultHeartbeatSeconds): void {
    if (this.#session === undefined) return;
    this.#roundTripMs = roundTripMs;
    this.#everyMs = everySeconds * 1000;
    this.#sendAt(this.#soonest());
  }

  /** Sends a heartbeat at once, or as soon as a second has passed since the last one. To be called after a change. */
  soon(): void {
    const at = this.#soonest();
    // Before the first welcome nothing is planned: that welcome sends a heartbeat anyway.
    if (this.#next && at < this.#next.at) this.#sendAt(at);
  }

  /**
   * To be called after each payment: sends a heartbeat soon if the open batch was empty before. Further payments are left
   * to the usual heartbeats.
   */
  openBatchChanged(): void {
    const batch = this.#openBatch();
    if (batch && isEmpty(batch) !== (this.#toldBatch && isEmpty(this.#toldBatch))) this.soon();
  }

  /** To be called after each close: sends a heartbeat soon if the device reports its open batch. */
  batchClosed(): void {
    if (this.#openBatch()) this.soon();
  }

  /** To be called when the connection is lost or the agent stops. */
  pause(): void {
    this.#session = undefined;
    this.#next?.cancel();
    this.#next = undefined;
  }

  #soonest(): number {
    return Math.max(this.#options.clock.monotonic(), this.#sentAt + shortestGapMs);
  }

  #sendAt(at: number): void {
    const { clock } = this.#options;
    this.#next?.cancel();
    const delayMs = at - clock.monotonic();
    if (delayMs <= 0) this.#send();
    else this.#next = { at, cancel: clock.after(delayMs, () => this.#send()) };
  }

  #send(): void {
    const { clock, send } = this.#options;
    if (this.#session === undefined) return;
    const fault = this.#valueOf(this.#options.fault);
    const memory = this.#valueOf(this.#options.memory);
    const telemetry = this.#valueOf(this.#options.telemetry);
    this.#toldBatch = telemetry?.open_batch;
    // Both clocks are read together, after what may take time: the gap to the next one is measured by either.
    this.#sentAt = clock.monotonic();
    const sentAt = timestamp(clock.now());
    send({
      session: this.#session,
      sent_at: sentAt,
      ...(this.#roundTripMs !== undefined && { round_trip_ms: Math.round(this.#roundTripMs) }),
      ...(memory && { memory }),
      ...(telemetry && { telemetry }),
      ...(fault && { fault }),
    });
    const pauseMs = this.#everyMs * (1 - Math.random() * randomShare);
    this.#next = { at: this.#sentAt + pauseMs, cancel: clock.after(pauseMs, () => this.#send()) };
  }

  #openBatch(): OpenBatch | undefined {
    return this.#session === undefined ? undefined : this.#valueOf(this.#options.telemetry)?.open_batch;
  }

  /** Calls a function of the device; after an exception the heartbeat goes without that part. */
  #valueOf<T>(what: (() => T) | undefined): T | undefined {
    try {
      return what?.();
    } catch (cause) {
      this.#options.log.error({ err: cause }, "cannot tell how the device is");
      return undefined;
    }
  }
}

function isEmpty(batch: OpenBatch): boolean {
  return batch.transactions_count === 0;
}
