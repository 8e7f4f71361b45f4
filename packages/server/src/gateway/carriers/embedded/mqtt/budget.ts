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
  /** Of all packets: a message of 64 KiB can take ten milliseconds to read. Messages of agents have a few hundred. */
  bytes: number;
}

const budgetSeconds = 10;
export const usualAllowance: Allowance = { messages: 2_000, others: 200, bytes: 4 * 1024 * 1024 };
const names: { [Kind in keyof Allowance]: string } = {
  messages: "messages",
  others: "packets that are no messages",
  bytes: "bytes",
};

/** Counts what a connection costs. */
export class Budget {
  readonly #allowance: Allowance;
  // Apart from one another: an object of them would be one more for each connection.
  #messages = 0;
  #others = 0;
  #bytes = 0;
  #begunAt = performance.now();

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  /** Counts one of its kind, and its bytes. Throws `FloodError` when nothing is left. */
  spend(kind: "messages" | "others", bytes = 0): void {
    const now = performance.now();
    if (now - this.#begunAt > budgetSeconds * 1_000) {
      this.#begunAt = now;
      this.#messages = this.#others = this.#bytes = 0;
    }
    if (kind === "messages") this.#check(kind, ++this.#messages);
    else this.#check(kind, ++this.#others);
    this.#bytes += bytes;
    this.#check("bytes", this.#bytes);
  }

  #check(kind: keyof Allowance, spent: number): void {
    const most = this.#allowance[kind];
    if (spent > most) throw new FloodError(`more than ${most} ${names[kind]} in ${budgetSeconds} s`);
  }
}
