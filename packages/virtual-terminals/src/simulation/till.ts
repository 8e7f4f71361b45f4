import type { Payments } from "@tillkeeper/agent/operations/payments";
import { Waiters } from "@tillkeeper/agent/waiters";
import type { TerminalState } from "../virtual/state.ts";
import type { PlannedPayment } from "./plan.ts";
import { emptyBatch, type OpenBatch, type SimulatedState } from "./simulated-state.ts";

/** A payment that is under way. */
export interface Paying {
  readonly payment: PlannedPayment;
}

type Totals = Omit<OpenBatch, "oldest_at"> & { sale_amount: number };

/** Where the payments of a simulated terminal are taken: one at a time, none while its day is being closed. */
export class Till implements Payments {
  readonly #over = new Waiters();
  #paying: Paying | undefined;
  /** The `end_of_day` that runs. */
  #closing: string | undefined;

  /** Undefined while another is under way, or the day is being closed. */
  begin(payment: PlannedPayment): Paying | undefined {
    if (this.#paying || this.#closing !== undefined) return undefined;
    this.#paying = { payment };
    return this.#paying;
  }

  /** Adds a payment to the batch at its end; false for one that was broken off meanwhile. */
  complete(paying: Paying, batch: OpenBatch, at: string): boolean {
    if (this.#paying !== paying) return false;
    const { type, amount, tip } = paying.payment;
    batch.oldest_at ??= at;
    if (type === "reversal") {
      batch.reversals_count += 1;
      batch.reversals_amount += amount;
    } else {
      batch.purchases_count += 1;
      batch.purchases_amount += amount + tip;
      batch.tip_amount += tip;
    }
    this.#free();
    return true;
  }

  get isShut(): boolean {
    return this.#closing !== undefined;
  }

  /** Until that operation is answered, no payment begins. */
  shutFor(operationId: string): void {
    this.#closing = operationId;
  }

  openAfter(operationId: string): void {
    if (this.#closing === operationId) this.#closing = undefined;
  }

  /** A payment that was under way has not happened. */
  losePower(): void {
    this.#closing = undefined;
    this.#free();
  }

  underWay(): boolean {
    return this.#paying !== undefined;
  }

  over(signal: AbortSignal): Promise<void> {
    return this.underWay() ? this.#over.wait(signal) : Promise.resolve();
  }

  #free(): void {
    this.#paying = undefined;
    this.#over.release();
  }
}

/** Closes the open batch: what it came to, and the state in which the next one is open. To be stored together. */
export function closeBatch(
  { open_batch: batch }: SimulatedState,
  next: TerminalState,
): { totals: Totals; state: SimulatedState } {
  const { oldest_at: _, ...sums } = batch;
  const sale_amount = sums.purchases_amount - sums.tip_amount - sums.reversals_amount;
  return { totals: { ...sums, sale_amount }, state: { ...next, open_batch: emptyBatch() } };
}
