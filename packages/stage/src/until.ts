import { setTimeout as sleep } from "node:timers/promises";
import { patience } from "./patience.ts";

export interface Wait {
  signal?: AbortSignal;
  withinMs?: number;
  everyMs?: number;
}

/**
 * Resolves when the condition holds. Rejects when it does not in time, with the signal's reason, and with what the condition
 * throws. `what` is for the message when it was in vain.
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
