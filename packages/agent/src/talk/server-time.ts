import type { WelcomeMessage } from "@tillkeeper/contract/mqtt/messages";
import { type Clock, timestamp } from "../clock.ts";

const freshMs = 60 * 60 * 1000;
const toleratedJumpMs = 1000;
const rememberedHellos = 8;

interface Instant {
  wall: number;
  monotonic: number;
}

/**
 * An estimate of the server's time that is never behind it, so that no operation begins late. The server writes
 * `server_time` after the hello was sent. Time counted from the sending of the hello therefore runs ahead, by less than
 * one round trip. Elapsed time is measured with the monotonic clock.
 */
export class ServerTime {
  readonly #clock: Clock;
  readonly #hellos = new Map<string, Instant>();
  #anchor: (Instant & { serverTime: number }) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Records that a hello is sent now, and returns its `sent_at`. */
  helloSent(): string {
    const instant = this.#instant();
    const sentAt = timestamp(instant.wall);
    // Two hellos may have one `sent_at`: sent in one millisecond, or the wall clock was set back. The earlier hello is
    // the cautious choice.
    if (!this.#hellos.has(sentAt)) this.#hellos.set(sentAt, instant);
    for (const oldest of this.#hellos.keys()) {
      if (this.#hellos.size <= rememberedHellos) break;
      this.#hellos.delete(oldest);
    }
    return sentAt;
  }

  /**
   * Takes the server's time from a welcome, and returns the milliseconds since its hello. Returns undefined, and
   * changes nothing, when the welcome answers no recorded hello.
   */
  welcomed(message: WelcomeMessage): number | undefined {
    const hello = this.#hellos.get(message.hello_sent_at);
    const serverTime = Date.parse(message.server_time);
    if (!hello || Number.isNaN(serverTime)) return undefined;
    this.#anchor = { ...hello, serverTime };
    this.#hellos.clear();
    return this.#clock.monotonic() - hello.monotonic;
  }

  /**
   * Whether the estimate may be used without asking again. It must be under an hour old, because quartz drifts. Wall
   * and monotonic clock must agree since then: the monotonic clock stands still while a device sleeps.
   */
  get trusted(): boolean {
    if (!this.#anchor) return false;
    const { wall, monotonic } = this.#elapsed(this.#anchor);
    return monotonic < freshMs && Math.abs(wall - monotonic) <= toleratedJumpMs;
  }

  /**
   * Returns the estimate in epoch milliseconds. `floor` is a known server time, such as a command's `sent_at`, with the
   * monotonic instant when it arrived; the result is never below it. Before the first welcome the local clock is used.
   */
  now(floor?: { serverTime: number; monotonic: number }): number {
    const seen = floor ? floor.serverTime + (this.#clock.monotonic() - floor.monotonic) : Number.NEGATIVE_INFINITY;
    if (!this.#anchor) return Math.max(this.#clock.now(), seen);
    const { wall, monotonic } = this.#elapsed(this.#anchor);
    const elapsed = this.trusted ? monotonic : Math.max(wall, monotonic);
    return Math.max(this.#anchor.serverTime + elapsed, seen);
  }

  #instant(): Instant {
    return { wall: this.#clock.now(), monotonic: this.#clock.monotonic() };
  }

  #elapsed(since: Instant): Instant {
    const { wall, monotonic } = this.#instant();
    return { wall: wall - since.wall, monotonic: monotonic - since.monotonic };
  }
}
