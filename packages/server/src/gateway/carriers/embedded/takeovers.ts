import { runOf } from "@tillkeeper/contract/mqtt/parts";
import type { Logger } from "../../../platform/log/log.ts";
import { minuteMs } from "../../../platform/time-spans.ts";

/** A connection, by the session in its will. */
interface WithSession {
  session?: string | undefined;
}

interface Contest {
  /** The run of the agent whose connection was ended last by another run. */
  ended: string | undefined;
  /** How often a run has come back and ended the connection of the run that had replaced it. */
  returns: number;
  pauseMs: number;
  until: number;
}

const mostReturns = 3;
const firstPauseMs = 5_000;
const longestPauseMs = minuteMs;
/** Milliseconds after a takeover and the pause that followed it. */
const forgottenAfterMs = minuteMs;

/**
 * Slows down two devices with one client id that keep ending each other's connections. It counts only a run that comes
 * back after another run has replaced it. A single device on a bad link, or restarted again and again, never does that.
 */
export class Takeovers {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #contests = new Map<string, Contest>();

  constructor(log: Logger, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** Whether a connection must be refused for now, because it would end another run's connection once more. */
  mustWait(address: string, { session }: WithSession, others: WithSession[]): boolean {
    const contest = this.#of(address);
    if (!contest || contest.until <= this.#now()) return false;
    return others.some((other) => isAnother(runOf(session), runOf(other.session)));
  }

  /** Notes that a connection has ended a live one with its client id. */
  tookOver(address: string, { session }: WithSession, ended: WithSession): void {
    const [run, other] = [runOf(session), runOf(ended.session)];
    if (!isAnother(run, other)) return;
    const contest = this.#of(address) ?? { ended: undefined, returns: 0, pauseMs: 0, until: 0 };
    const returns = contest.returns + (contest.ended === run ? 1 : 0);
    const pauseMs = returns > mostReturns ? Math.min(longestPauseMs, 2 * contest.pauseMs || firstPauseMs) : 0;
    if (pauseMs > 0 && contest.pauseMs === 0) {
      this.#log.warn({ address }, "two devices with one address end each other's connections, they are slowed down");
    }
    this.#forget();
    // Deleted first, so that the latest entry stands last.
    this.#contests.delete(address);
    this.#contests.set(address, { ended: other, returns, pauseMs, until: this.#now() + pauseMs });
  }

  #of(address: string): Contest | undefined {
    const contest = this.#contests.get(address);
    return contest && !this.#isOver(contest) ? contest : undefined;
  }

  #forget(): void {
    for (const [address, contest] of this.#contests) {
      if (!this.#isOver(contest)) break;
      this.#contests.delete(address);
    }
  }

  #isOver({ until }: Contest): boolean {
    return until + forgottenAfterMs <= this.#now();
  }
}

function isAnother(run: string | undefined, other: string | undefined): boolean {
  return run !== undefined && other !== undefined && run !== other;
}
