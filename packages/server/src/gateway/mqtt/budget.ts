import { ProtocolError } from "./frames.ts";

/** A connection that says more than any terminal has to say. */
export class FloodError extends ProtocolError {}

/** How often a connection may do what it likes, within `budgetSeconds`. */
export interface Allowance {
  /** Messages. The busiest terminals say some 20 a second, while one operation follows the other. */
  messages: number;
  /**
   * All that is no message: pings, subscriptions, acknowledgements of nothing, and pieces of packets. An agent sends a dozen with
   * its connect, then a ping every few seconds; a modem may deliver the pings of half an hour at once.
   */
  others: number;
}

const budgetSeconds = 10;
export const usualAllowance: Allowance = { messages: 2_000, others: 200 };

/** Counts what a connection costs. */
export class Budget {
  readonly #allowance: Allowance;
  readonly #spent = { messages: 0, others: 0 };
  #begunAt = performance.now();

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  /** Throws `FloodError` when nothing is left. */
  spend(kind: keyof Allowance): void {
    const now = performance.now();
    if (now - this.#begunAt > budgetSeconds * 1_000) {
      this.#begunAt = now;
      this.#spent.messages = 0;
      this.#spent.others = 0;
    }
    this.#spent[kind] += 1;
    const most = this.#allowance[kind];
    if (this.#spent[kind] > most) {
      const what = kind === "messages" ? "messages" : "packets that are no messages";
      throw new FloodError(`more than ${most} ${what} in ${budgetSeconds} s`);
    }
  }
}
