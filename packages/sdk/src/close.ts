import type { Closing } from "@tillkeeper/contract/http/closing-schemas";
import type { ClosingCreate } from "@tillkeeper/contract/http/closings";
import type { Nouns } from "./endpoint-table.ts";
import { limit } from "./time.ts";
import { readUntil } from "./wait.ts";

/** How the day of a store is closed: what the request says, and how long its end is waited for. */
export type CloseOptions = ClosingCreate & {
  /** Called with the closing at first, and whenever it has changed. */
  onProgress?: ((closing: Closing) => void) | undefined;
  /**
   * `settled`, the default: until each terminal is closed, failed, or waits for a person: to come back, to finish a payment.
   * `ended`: until no terminal waits any longer.
   */
  until?: "settled" | "ended" | undefined;
  /** Milliseconds after which the closing is given as it stands. Default 300 000. The server goes on all the same. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
};

/** The method that closes the business day of a store. */
export interface CloseMethod {
  /**
   * Closes the business day of a store on all its terminals, or goes on with what is missing of it, and gives the closing when it has
   * settled. Its `state` says how it went, and `text` the same as a sentence. Called again, it closes nothing twice.
   */
  close(storeId: string, options?: CloseOptions): Promise<Closing>;
}

const usualTimeoutMs = 300_000;
/** Seconds for which the server holds an answer back: so long a change may go untold. */
const heldSeconds = 1;

/** Makes the method, by those that create and read a closing. */
export function closeMethod({ create, get }: Pick<Nouns["closings"], "create" | "get">): CloseMethod {
  return {
    close: async (
      storeId,
      { onProgress, until = "settled", timeoutMs = usualTimeoutMs, signal: outer, ...body } = {},
    ) => {
      const late = limit(timeoutMs);
      const signal = outer ? AbortSignal.any([outer, late.signal]) : late.signal;
      let closing = await create(storeId, body, { signal: outer, timeoutMs });
      onProgress?.(closing);
      const isDone = (now: Closing) => {
        const changed = JSON.stringify(now) !== JSON.stringify(closing);
        closing = now;
        if (changed) onProgress?.(now);
        return now.state !== "running" || (until === "settled" && isSettled(now));
      };
      try {
        if (isDone(closing)) return closing;
        const read = () => get.withResponse(storeId, closing.id, {}, { signal, waitSeconds: heldSeconds });
        // The server does not hold back the answer about a closing in which nothing moves by itself.
        const pauseMs = (_answer: unknown, tookMs: number) => Math.max(0, heldSeconds * 1000 - tookMs);
        return await readUntil(read, isDone, { pauseMs, leastPauseMs: 0, signal });
      } catch (error) {
        outer?.throwIfAborted();
        if (late.passed()) return closing;
        throw error;
      } finally {
        late.met();
      }
    },
  };
}

/** Whether each terminal that is still to be closed waits for a person, as its step says. */
function isSettled({ terminals }: Closing): boolean {
  return terminals.every(({ state, next_step: step }) => state !== "waiting" || step !== "wait");
}
