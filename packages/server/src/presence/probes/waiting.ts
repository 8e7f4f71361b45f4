import type { ProbeRow } from "./queries.ts";

export interface Answered {
  reachable: boolean;
  roundTripMs?: number;
  /** Whether any server had a connection to send the probe over. */
  sent: boolean;
}

interface Waiting {
  row: ProbeRow;
  /** On the monotonic clock. */
  sinceMs: number;
  timer: NodeJS.Timeout;
  resolve(answered: Answered): void;
}

/**
 * A probe that no server has sent after so many milliseconds is unreachable: without a connection that is known sooner
 * than a missing answer.
 */
const unsentTimeoutMs = 1_200;

/** The callers at this server that wait for the answer to a probe. */
export class WaitingProbes {
  readonly #waiting = new Set<Waiting>();

  /** Resolves with the outcome: at the answer, or after `patienceMs` at the latest. */
  answerTo(row: ProbeRow, timeoutMs: number): Promise<Answered> {
    return new Promise((resolve) => {
      // A timer, not the worker: the database may be unreachable meanwhile.
      const timer = setTimeout(() => this.#settle(one), timeoutMs);
      const one: Waiting = { row, sinceMs: performance.now(), timer, resolve };
      this.#waiting.add(one);
      this.#settleIfDecided(one);
    });
  }

  /** The rows of the probes that are waited for. */
  rows(): ProbeRow[] {
    return [...this.#waiting].map(({ row }) => row);
  }

  /** Updates waiting probes from their rows, and resolves the decided ones. */
  learn(rows: ProbeRow[]): void {
    const known = new Map(rows.map((row) => [row.probe_id, row]));
    for (const one of this.#waiting) {
      // Another probe may have replaced the row meanwhile.
      one.row = known.get(one.row.probe_id) ?? one.row;
      this.#settleIfDecided(one);
    }
  }

  end(): void {
    for (const one of this.#waiting) this.#settle(one);
  }

  #settleIfDecided(one: Waiting): void {
    const unsent = !one.row.sent_at && performance.now() >= one.sinceMs + unsentTimeoutMs;
    if (one.row.answered_at || unsent) this.#settle(one);
  }

  #settle(one: Waiting): void {
    this.#waiting.delete(one);
    clearTimeout(one.timer);
    const { sent_at: sent, answered_at: answered } = one.row;
    const roundTripMs = answered && sent ? Math.max(0, answered.getTime() - sent.getTime()) : undefined;
    one.resolve({
      reachable: answered !== null,
      sent: sent !== null,
      ...(roundTripMs !== undefined && { roundTripMs }),
    });
  }
}
