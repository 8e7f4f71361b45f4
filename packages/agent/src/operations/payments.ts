import { type Clock, sleep } from "../clock.ts";

/** What the agent must know about payments, which are the device's own business: no operation begins during one. */
export interface Payments {
  /** Whether one is under way at this instant. Asked right before an operation is begun, with nothing in between. */
  underWay(): boolean;
  /** Resolves when none is under way, at once if so. May reject when the signal is aborted: nobody waits any longer. */
  over(signal: AbortSignal): Promise<void>;
}

export const noPayments: Payments = { underWay: () => false, over: () => Promise.resolve() };

/** Those of two who take payments at one terminal. */
export function bothPayments(one: Payments, other: Payments): Payments {
  return {
    underWay: () => one.underWay() || other.underWay(),
    over: async (signal) => void (await Promise.all([one.over(signal), other.over(signal)])),
  };
}

/** Between two looks at payments that claim to be over and are under way. */
const lookAgainMs = 100;

/**
 * Waits for the end of the payments, for `atMostMs`, or until the signal is aborted, whichever comes first. Rejects only
 * for what the payments themselves throw.
 */
export async function untilOver(
  payments: Payments,
  clock: Clock,
  atMostMs: number,
  signal: AbortSignal,
): Promise<void> {
  const enough = new AbortController();
  const waiting = AbortSignal.any([signal, enough.signal]);
  const over = async () => {
    await payments.over(waiting);
    // The next customer was quicker than we were, or `over` is wrong: either way not in a loop without a pause.
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
