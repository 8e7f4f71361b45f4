import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import type { ServerTime } from "../talk/server-time.ts";
import type { Failed } from "./operation.ts";
import { noPayments, type Payments, waitForPayments } from "./payments.ts";
import type { CommandTask } from "./task.ts";

export interface ReadinessOptions {
  clock: Clock;
  log: Logger;
  serverTime: ServerTime;
  /**
   * Returns `undefined` while the server's time is known well enough; else resolves when it is, or after some patience.
   */
  settled: (signal: AbortSignal) => Promise<void> | undefined;
  payments?: Payments;
  /** Called when the operation has to wait. */
  delayed: (task: CommandTask) => void;
}

/**
 * Waiting ends this long before the deadline, or this share of the window if that is less. So the result still reaches
 * the server in time.
 */
const giveUpBeforeMs = 1000;
const giveUpBeforeShare = 0.1;

const cancelled: Failed = { status: "FAILED", reason: "cancelled" };
const expired: Failed = { status: "FAILED", reason: "expired" };
const busyPayment: Failed = { status: "FAILED", reason: "busy_payment" };

/** Decides whether an operation whose turn has come may begin, and waits for the server's time and for payments. */
export class Readiness {
  readonly #options: ReadinessOptions;
  readonly #payments: Payments;

  constructor(options: ReadinessOptions) {
    this.#options = options;
    this.#payments = options.payments ?? noPayments;
  }

  /**
   * Resolves when the server's time is known and no payment is under way, or the command does not wait for payments any
   * longer. Resolves early when the task's `ending` is aborted. Never rejects.
   */
  async until(task: CommandTask): Promise<void> {
    const { clock, log, settled, delayed } = this.#options;
    const { signal } = task.ending;
    try {
      // Check both again after each wait: it may have been long, and the device may have slept.
      for (;;) {
        const timeKnown = settled(signal);
        if (timeKnown) {
          delayed(task);
          await timeKnown;
        }
        if (signal.aborted || !this.mayWait(task) || !this.#busy()) return;
        delayed(task);
        await waitForPayments(this.#payments, clock, this.#patienceMs(task), signal);
      }
    } catch (cause) {
      log.error({ operation_id: task.id, err: cause }, "cannot wait for the end of a payment");
    }
  }

  /** Returns why the operation must not begin at this instant; `undefined` when it may. */
  refusal(task: CommandTask): Failed | undefined {
    if (task.ending.signal.aborted) return cancelled;
    // Negated so that an unreadable time (NaN) counts as expired.
    if (!(this.#serverNow(task) < Date.parse(task.command.expires_at))) return expired;
    return this.#busy() ? busyPayment : undefined;
  }

  /** Whether the command wants to wait for the end of a payment, and there is time left. */
  mayWait(task: CommandTask): boolean {
    return task.command.when_busy === "wait" && this.#patienceMs(task) > 0;
  }

  #patienceMs(task: CommandTask): number {
    const { created_at, expires_at } = task.command;
    const expiresAt = Date.parse(expires_at);
    const early = Math.min(giveUpBeforeMs, giveUpBeforeShare * (expiresAt - Date.parse(created_at)));
    return expiresAt - early - this.#serverNow(task);
  }

  #serverNow(task: CommandTask): number {
    return this.#options.serverTime.now(task.seen);
  }

  #busy(): boolean {
    try {
      return this.#payments.underWay();
    } catch (cause) {
      // A payment program that cannot tell may be in the middle of a payment.
      this.#options.log.error({ err: cause }, "cannot tell whether a payment is under way");
      return true;
    }
  }
}
