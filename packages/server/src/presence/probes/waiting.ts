import type { ProbeRow } from "./queries.ts";

export interface Answered {
  reachable: boolean;
  roundTripMs?: number;
  /** Whether any server had a connection to send it over. */
  sent: boolean;
}

interface Waiting {
  row: ProbeRow;
  /** By the monotonic clock. */
  sinceMs: number;
  timer: NodeJS.Timeout;
  resolve(answered: Answered): void;
}

/** Where no server has a connection to send it over, that is known sooner than that there is no answer. */
const claimPatienceMs = 1_200;

/** Whoever waits at this server for the answer to a probe. */
export class WaitingProbes {
  readonly #waiting = new Set<Waiting>();

  /** Resolves with the answer, or that there is none, after `patienceMs` at the latest. */
  answerTo(row: ProbeRow, patienceMs: number): Promise<Answered> {
    return new Promise((resolve) => {
      // Not by the worker: the database may be away meanwhile.
      const timer = setTimeout(() => this.#over(one), patienceMs);
      const one: Waiting = { row, sinceMs: performance.now(), timer, resolve };
      this.#waiting.add(one);
      this.#look(one);
    });
  }

  /** The questions that are waited for. */
  rows(): ProbeRow[] {
    return [...this.#waiting].map(({ row }) => row);
  }

  /** This is known of questions by now. */
  learn(rows: ProbeRow[]): void {
    const known = new Map(rows.map((row) => [row.probe_id, row]));
    for (const one of this.#waiting) {
      // Another question may have taken its place meanwhile.
      one.row = known.get(one.row.probe_id) ?? one.row;
      this.#look(one);
    }
  }

  end(): void {
    for (const one of this.#waiting) this.#over(one);
  }

  #look(one: Waiting): void {
    const unsent = !one.row.sent_at && performance.now() >= one.sinceMs + claimPatienceMs;
    if (one.row.answered_at || unsent) this.#over(one);
  }

  #over(one: Waiting): void {
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
