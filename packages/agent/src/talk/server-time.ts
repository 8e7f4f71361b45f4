import type { WelcomeMessage } from "@tillkeeper/contract/mqtt";
import { type Clock, timestamp } from "../clock.ts";

const freshMs = 60 * 60 * 1000;
const toleratedJumpMs = 1000;
const rememberedHellos = 8;

interface Instant {
  wall: number;
  monotonic: number;
}

/**
 * A cautious estimate of the server's time: never behind it, so that nothing is begun late. The server writes
 * `server_time` after the hello was sent, so counting from the sending of the hello can only run ahead, by less
 * than one round trip. Elapsed time is measured with the monotonic clock.
 */
export class ServerTime {
  readonly #clock: Clock;
  readonly #hellos = new Map<string, Instant>();
  #anchor: (Instant & { serverTime: number }) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Remembers that a hello leaves now; the value is its `sent_at`. */
  helloSent(): string {
    const instant = this.#instant();
    const sentAt = timestamp(instant.wall);
    // Two hellos in one millisecond, or a wall clock that was set back: the earlier one is the cautious choice.
    if (!this.#hellos.has(sentAt)) this.#hellos.set(sentAt, instant);
    for (const oldest of this.#hellos.keys()) {
      if (this.#hellos.size <= rememberedHellos) break;
      this.#hellos.delete(oldest);
    }
    return sentAt;
  }

  /**
   * Takes the server's time from a welcome, and answers the milliseconds since its hello; undefined when it answers no
   * hello of ours, which says nothing.
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
   * Whether the estimate may be used without asking again: there is one, it is under an hour old (quartz drifts), and
   * wall and monotonic clock agree since then (a device that slept has a monotonic clock that stood still).
   */
  get trusted(): boolean {
    if (!this.#anchor) return false;
    const { wall, monotonic } = this.#elapsed(this.#anchor);
    return monotonic < freshMs && Math.abs(wall - monotonic) <= toleratedJumpMs;
  }

  /**
   * The estimate in epoch milliseconds. `floor` is a known server time with the monotonic instant when it was seen
   * (a command's `sent_at`): the result is never below it. Without a welcome the local clock stands in.
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
