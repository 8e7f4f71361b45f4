import { setTimeout as sleep } from "node:timers/promises";

const lookEveryMs = 50;

export interface Wait {
  signal: AbortSignal;
  withinMs: number;
  /** For the message when it was in vain. */
  what: string;
}

/** Resolves when the condition holds. Rejects when it does not in time, and with the signal's reason. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { signal, withinMs, what }: Wait,
): Promise<void> {
  const giveUpAt = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > giveUpAt) throw new Error(`waited ${withinMs / 1000} s in vain for ${what}`);
    await sleep(lookEveryMs, undefined, { signal });
  }
}
