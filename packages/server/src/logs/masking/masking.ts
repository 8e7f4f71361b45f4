import { availableParallelism } from "node:os";
import type { Logger } from "../../platform/log/log.ts";
import { MaskThread } from "./mask-thread.ts";

/** One log, while it is being masked. */
export interface MaskedLog {
  /** How many places were masked so far. */
  readonly count: number;
  /** What can be said of the text so far. The piece itself is left as it is. */
  write(piece: Uint8Array): Promise<Uint8Array>;
  /** What was held back, now that nothing more comes. */
  end(): Promise<Uint8Array>;
  /** To be called in any case. */
  close(): void;
}

/** Masks logs beside the thread that answers requests. */
export interface Masking {
  open(accountId: string): MaskedLog;
  /** Uploads that are being masked fail. */
  close(): Promise<void>;
}

/** One processor is left to the requests; more than a few threads would keep the database from its own. */
const mostThreads = Math.min(4, Math.max(1, availableParallelism() - 1));

interface MaskingOptions {
  log: Logger;
  threads?: number;
  /** What the threads run. */
  script?: URL;
}

/**
 * A few threads that mask logs, each a piece at a time, account after account: one that sends logs full of digits waits for
 * itself. Threads begin with the first upload; one that fails takes its uploads with it, and the next upload begins another.
 */
export function openMasking({ log, threads: most = mostThreads, script }: MaskingOptions): Masking {
  const threads = new Set<MaskThread>();
  let uploads = 0;
  let closed = false;

  function start(): MaskThread {
    const thread = new MaskThread((error) => {
      threads.delete(thread);
      log.error({ err: error }, "a thread that masks logs has ended, its uploads are refused");
    }, script);
    threads.add(thread);
    return thread;
  }

  /** A thread with nothing to do, else a new thread, else the thread with the least work. */
  function leastBusy(): MaskThread {
    const [least] = [...threads].sort((one, other) => one.uploads - other.uploads);
    return least && (least.uploads === 0 || threads.size >= most) ? least : start();
  }

  return {
    open(accountId) {
      if (closed) throw new Error("the server ends");
      const thread = leastBusy();
      const upload = uploads++;
      let open = true;
      const masked: MaskedLog & { count: number } = {
        count: 0,
        async write(piece) {
          // A copy: what the piece is cut from may hold the beginning of the next one.
          const { text, count } = await thread.run(accountId, { upload, piece: new Uint8Array(piece) });
          masked.count = count;
          return text;
        },
        async end() {
          const { text, count } = await thread.run(accountId, { upload, end: true });
          masked.count = count;
          return text;
        },
        close() {
          if (!open) return;
          open = false;
          thread.uploads -= 1;
          // Behind its pieces that still wait. A thread that has ended has forgotten it.
          thread.run(accountId, { upload, forget: true }).catch(() => undefined);
        },
      };
      thread.uploads += 1;
      return masked;
    },
    async close() {
      closed = true;
      await Promise.all([...threads].map((thread) => thread.close()));
    },
  };
}
