import { ProtocolError } from "./frames.ts";

/** A connection has sent more than any terminal has to send. */
export class FloodError extends ProtocolError {}

/** What a connection may send within `budgetSeconds`. */
export interface Allowance {
  /** Number of messages. The busiest terminals send some 20 a second, while one operation follows the other. */
  messages: number;
  /**
   * Number of all other packets and of pieces of packets: pings, subscriptions, acknowledgements of nothing. An agent
   * sends a dozen with its connect, then a ping every few seconds. A modem may deliver the pings of half an hour at
   * once.
   */
  others: number;
  /** Bytes of all packets: reading a message of 64 KiB can take ten milliseconds. Agents send a few hundred bytes each. */
  bytes: number;
}

const budgetSeconds = 10;
export const usualAllowance: Allowance = { messages: 2_000, others: 200, bytes: 4 * 1024 * 1024 };
const names: { [Kind in keyof Allowance]: string } = {
  messages: "messages",
  others: "packets that are no messages",
  bytes: "bytes",
};

/** Counts what a connection sends. */
export class Budget {
  readonly #allowance: Allowance;
  // Separate fields: an object of them would be one more per connection.
  #messages = 0;
  #others = 0;
  #bytes = 0;
  #begunAt = performance.now();

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  /** Counts a packet and its bytes. Throws `FloodError` when the allowance is used up. */
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
