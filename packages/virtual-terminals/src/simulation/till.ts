import type { Payments } from "@tillkeeper/agent/operations/payments";
import { Waiters } from "@tillkeeper/agent/waiters";
import type { TerminalState } from "../virtual/state.ts";
import type { PlannedPayment } from "./plan.ts";
import { emptyBatch, type OpenBatch, type SimulatedState } from "./simulated-state.ts";

/** A payment that is under way; compared by identity. */
export interface PaymentInProgress {
  readonly payment: PlannedPayment;
}

type Totals = Omit<OpenBatch, "oldest_at"> & { sale_amount: number };

/** Takes the payments of a simulated terminal: one at a time, and none while its day is being closed. */
export class Till implements Payments {
  readonly #over = new Waiters();
  #paying: PaymentInProgress | undefined;
  /** The id of the running `end_of_day`. */
  #closing: string | undefined;

  /** Begins a payment; undefined while another is under way, or the day is being closed. */
  begin(payment: PlannedPayment): PaymentInProgress | undefined {
    if (this.#paying || this.#closing !== undefined) return undefined;
    this.#paying = { payment };
    return this.#paying;
  }

  /** Ends a payment and adds it to the batch; returns false when a power cut interrupted it. */
  complete(paying: PaymentInProgress, batch: OpenBatch, at: string): boolean {
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

  /** Whether the day is being closed. */
  get isShut(): boolean {
    return this.#closing !== undefined;
  }

  /** Begins no payment from now on, until `openAfter` with this operation. */
  shutFor(operationId: string): void {
    this.#closing = operationId;
  }

  /** To be called when an operation is answered: payments may begin again if it was the close. */
  openAfter(operationId: string): void {
    if (this.#closing === operationId) this.#closing = undefined;
  }

  /** Drops the payment under way, as a power cut does. */
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

/**
 * Closes the open batch: returns its totals, and the state with an empty batch. The caller stores both in one write.
 */
export function closeBatch(
  { open_batch: batch }: SimulatedState,
  next: TerminalState,
): { totals: Totals; state: SimulatedState } {
  const { oldest_at: _, ...sums } = batch;
  return { totals: withSale(sums), state: { ...next, open_batch: emptyBatch() } };
}

/** Adds the amount for goods to the sums of a batch. */
export function withSale(sums: Omit<OpenBatch, "oldest_at">): Totals {
  return { ...sums, sale_amount: sums.purchases_amount - sums.tip_amount - sums.reversals_amount };
}
