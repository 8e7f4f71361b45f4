import { runOf } from "@tillkeeper/contract/message-parts";
import type { Logger } from "../platform/log.ts";
import { minuteMs } from "../platform/time-spans.ts";

/** A connection, by what stands in its will. */
interface Named {
  session?: string | undefined;
}

interface Known {
  /** The run of the device's program whose connection was ended last for another's. */
  ended: string | undefined;
  /** How often a run has come back so and ended the connection of the one in its place. */
  returns: number;
  pauseMs: number;
  until: number;
}

const mostReturns = 3;
const firstPauseMs = 5_000;
const longestPauseMs = minuteMs;
/** After a takeover and the pause that it brought. */
const forgottenAfterMs = minuteMs;

/**
 * Slows down two devices with one client id, each of which ends the other's connection. Only a run that comes back after another
 * has taken its place counts: one device on a bad link, or started anew over and over, never does that.
 */
export class Takeovers {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #known = new Map<string, Known>();

  constructor(log: Logger, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** Whether a connection has to wait, because it would end that of another run once more. */
  mustWait(address: string, { session }: Named, others: Named[]): boolean {
    const known = this.#of(address);
    if (!known || known.until <= this.#now()) return false;
    return others.some((other) => isAnother(runOf(session), runOf(other.session)));
  }

  /** A connection has come, and ended that of the same client id, which was alive. */
  tookOver(address: string, { session }: Named, ended: Named): void {
    const [run, other] = [runOf(session), runOf(ended.session)];
    if (!isAnother(run, other)) return;
    const known = this.#of(address) ?? { ended: undefined, returns: 0, pauseMs: 0, until: 0 };
    const returns = known.returns + (known.ended === run ? 1 : 0);
    const pauseMs = returns > mostReturns ? Math.min(longestPauseMs, 2 * known.pauseMs || firstPauseMs) : 0;
    if (pauseMs > 0 && known.pauseMs === 0) {
      this.#log.warn({ address }, "two devices with one address end each other's connections, they are slowed down");
    }
    this.#forget();
    // The latest stands last.
    this.#known.delete(address);
    this.#known.set(address, { ended: other, returns, pauseMs, until: this.#now() + pauseMs });
  }

  #of(address: string): Known | undefined {
    const known = this.#known.get(address);
    return known && !this.#isOver(known) ? known : undefined;
  }

  #forget(): void {
    for (const [address, known] of this.#known) {
      if (!this.#isOver(known)) break;
      this.#known.delete(address);
    }
  }

  #isOver({ until }: Known): boolean {
    return until + forgottenAfterMs <= this.#now();
  }
}

function isAnother(run: string | undefined, other: string | undefined): boolean {
  return run !== undefined && other !== undefined && run !== other;
}
