import type { Closing } from "@tillkeeper/contract/http/closing-schemas";
import type { ClosingCreate } from "@tillkeeper/contract/http/closings";
import type { Nouns } from "./endpoint-table.ts";
import { TillkeeperError } from "./error.ts";
import { atLeast, isPassing } from "./retries.ts";
import { limit, pause } from "./time.ts";

/** How the day of a store is closed: what the request says, and how long its end is waited for. */
export type CloseOptions = ClosingCreate & {
  /** Called with the closing at first, and whenever it has changed. */
  onProgress?: ((closing: Closing) => void) | undefined;
  /**
   * `settled`, the default: until nothing moves by itself any more, because each terminal is closed, failed, or waits for a person.
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
    close: async (storeId, { onProgress, until = "settled", timeoutMs = usualTimeoutMs, signal, ...body } = {}) => {
      const late = limit(timeoutMs);
      const either = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
      let closing = await create(storeId, body, { signal, timeoutMs });
      onProgress?.(closing);
      try {
        const read = () => get.withResponse(storeId, closing.id, {}, { signal: either, waitSeconds: heldSeconds });
        for await (const now of changes(closing, read, { until, signal: either })) {
          closing = now;
          onProgress?.(closing);
        }
        return closing;
      } catch (error) {
        signal?.throwIfAborted();
        if (late.passed()) return closing;
        throw error;
      } finally {
        late.met();
      }
    },
  };
}

interface Following {
  until: "settled" | "ended";
  signal: AbortSignal;
}

/** The closing each time that it has changed, until it has ended or settled. Goes on after failures that pass. */
async function* changes(
  first: Closing,
  read: () => Promise<{ body: Closing; headers: Headers }>,
  { until, signal }: Following,
): AsyncGenerator<Closing> {
  let closing = first;
  for (let failures = 0; closing.state === "running"; ) {
    let pauseMs = 0;
    let early = false;
    try {
      const askedAt = performance.now();
      const { body: now, headers } = await read();
      failures = 0;
      const held = headers.has("preference-applied");
      // An answer that came before its time means that nothing moves by itself any more.
      early = held && performance.now() - askedAt < heldSeconds * 1000;
      if (early || !held) pauseMs = heldSeconds * 1000;
      if (JSON.stringify(now) !== JSON.stringify(closing)) yield now;
      closing = now;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof TillkeeperError) || !isPassing(error)) throw error;
      pauseMs = atLeast(error.retryAfterSeconds ?? 0, failures);
      failures += 1;
    }
    if (closing.state !== "running" || (early && until === "settled")) return;
    await pause(pauseMs, signal);
  }
}
