import type { Clock } from "@tillkeeper/agent/clock";
import type { Operation } from "@tillkeeper/agent/operations/operation";
import type { Payments } from "@tillkeeper/agent/operations/payments";
import { Waiters } from "@tillkeeper/agent/waiters";

/** How long an invented payment takes: a share of its operation's window, and at most `longestMs`. */
export interface PaymentLength {
  share: number;
  longestMs: number;
}

/** Invented payments. Each begins with an operation, and ends at the latest when that operation is answered. */
export class VirtualPayments implements Payments {
  readonly #clock: Clock;
  readonly #length: PaymentLength;
  /** Functions that cancel the timer of each payment, by operation id. */
  readonly #underWay = new Map<string, () => void>();
  readonly #over = new Waiters();

  constructor(clock: Clock, length: PaymentLength) {
    this.#clock = clock;
    this.#length = length;
  }

  /** Begins a payment for an operation; a second call restarts it. */
  begin({ operation_id: id, created_at, expires_at }: Operation): void {
    const windowMs = Date.parse(expires_at) - Date.parse(created_at);
    const lengthMs = Math.min(this.#length.longestMs, this.#length.share * windowMs);
    this.#underWay.get(id)?.();
    this.#underWay.set(
      id,
      this.#clock.after(lengthMs, () => this.end(id)),
    );
  }

  /** Begins a payment that lasts until `end` is called with the same id. */
  hold(id: string): void {
    this.#underWay.get(id)?.();
    this.#underWay.set(id, () => {});
  }

  end(operationId: string): void {
    this.#underWay.get(operationId)?.();
    this.#underWay.delete(operationId);
    if (this.#underWay.size === 0) this.#over.release();
  }

  /** Ends all payments, as a power cut does. */
  endAll(): void {
    for (const id of this.#underWay.keys()) this.end(id);
  }

  underWay(): boolean {
    return this.#underWay.size > 0;
  }

  over(signal: AbortSignal): Promise<void> {
    return this.underWay() ? this.#over.wait(signal) : Promise.resolve();
  }
}
