import { type Clock, sleep } from "../clock.ts";

/** Tells the agent about the device's payments: no operation begins during one. Implemented by the payment program. */
export interface Payments {
  /**
   * Whether a payment is under way at this instant. Called right before an operation is begun, with nothing in between.
   * To throw counts as yes.
   */
  underWay(): boolean;
  /**
   * Resolves when no payment is under way, at once if so. Called when a command wants to wait for the end of a payment.
   * May reject when the signal is aborted: the agent no longer waits then.
   */
  over(signal: AbortSignal): Promise<void>;
}

/** The payments of a device that takes none. */
export const noPayments: Payments = { underWay: () => false, over: () => Promise.resolve() };

/** Combines the payments of two programs at one terminal. */
export function combinePayments(one: Payments, other: Payments): Payments {
  return {
    underWay: () => one.underWay() || other.underWay(),
    over: async (signal) => void (await Promise.all([one.over(signal), other.over(signal)])),
  };
}

/** The pause before asking again when `over` has resolved and a payment is under way. */
const lookAgainMs = 100;

/**
 * Resolves when the payments are over, after `atMostMs`, or when the signal is aborted, whichever comes first. Rejects
 * only with an error of the payments themselves.
 */
export async function waitForPayments(
  payments: Payments,
  clock: Clock,
  atMostMs: number,
  signal: AbortSignal,
): Promise<void> {
  const enough = new AbortController();
  const waiting = AbortSignal.any([signal, enough.signal]);
  const over = async () => {
    await payments.over(waiting);
    // A next payment has begun already, or `over` is wrong. Either way, wait: the caller would loop without a pause.
    if (payments.underWay()) await sleep(clock, lookAgainMs, waiting);
  };
  try {
    await Promise.race([over(), sleep(clock, atMostMs, waiting)]);
  } catch (cause) {
    if (!signal.aborted) throw cause;
  } finally {
    enough.abort();
  }
}
