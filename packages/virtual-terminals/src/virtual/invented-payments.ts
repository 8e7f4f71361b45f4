import type { Clock } from "@tillkeeper/agent/clock";
import type { Operation } from "@tillkeeper/agent/operations/operation";
import type { Payments } from "@tillkeeper/agent/operations/payments";
import { Waiters } from "@tillkeeper/agent/waiters";

/** How long an invented payment takes: a share of its operation's window, and at most so many milliseconds. */
export interface PaymentLength {
  share: number;
  longestMs: number;
}

/** Payments of customers that do not exist. Each comes with an operation, and is over at the latest when that is answered. */
export class InventedPayments implements Payments {
  readonly #clock: Clock;
  readonly #length: PaymentLength;
  /** What cancels the end of each, by operation id. */
  readonly #underWay = new Map<string, () => void>();
  readonly #over = new Waiters();

  constructor(clock: Clock, length: PaymentLength) {
    this.#clock = clock;
    this.#length = length;
  }

  begin({ operation_id: id, created_at, expires_at }: Operation): void {
    const windowMs = Date.parse(expires_at) - Date.parse(created_at);
    const lengthMs = Math.min(this.#length.longestMs, this.#length.share * windowMs);
    this.#underWay.get(id)?.();
    this.#underWay.set(
      id,
      this.#clock.after(lengthMs, () => this.end(id)),
    );
  }

  end(operationId: string): void {
    this.#underWay.get(operationId)?.();
    this.#underWay.delete(operationId);
    if (this.#underWay.size === 0) this.#over.release();
  }

  /** As a power cut does. */
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
