import { backoff } from "./backoff.ts";
import type { Logger } from "./log/log.ts";
import { pause } from "./pause.ts";
import { StartupError } from "./startup-error.ts";

/** How long a start waits for parts that are away. */
export interface Patience {
  seconds: number;
  log: Pick<Logger, "warn">;
  /** Ends the waiting, when the program is told to stop. */
  signal?: AbortSignal | undefined;
}

const retryMs = { first: 250, longest: 5_000 };

/**
 * Opens something that may be away for a while, as a database that starts at the same time: tries again, with growing rests, as
 * long as the fault is one that may pass and the patience lasts. Throws the last fault.
 */
export async function patiently<T>({ seconds, log, signal }: Patience, open: () => Promise<T>): Promise<T> {
  const until = performance.now() + seconds * 1_000;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await open();
    } catch (error) {
      const leftMs = until - performance.now();
      if (!(error instanceof StartupError) || !error.mayPass || leftMs <= 0 || signal?.aborted) throw error;
      log.warn({ reason: error.message }, "the start waits for what it needs");
      await pause(Math.min(backoff(attempt, retryMs), leftMs), signal ?? new AbortController().signal);
      if (signal?.aborted) throw error;
    }
  }
}
