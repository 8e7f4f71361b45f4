import { setTimeout as sleep } from "node:timers/promises";
import { patience } from "./patience.ts";

export interface Wait {
  signal?: AbortSignal;
  withinMs?: number;
  everyMs?: number;
}

/**
 * Resolves when the condition holds. Rejects with a message about `what` when it does not hold in time. Rejects with the
 * signal's reason when the signal aborts, and with any error that the condition throws.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  { signal, withinMs = patience.timeout, everyMs = patience.interval }: Wait = {},
): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`waited ${withinMs / 1000} s in vain for ${what}`);
    await sleep(everyMs, undefined, signal && { signal });
  }
}
