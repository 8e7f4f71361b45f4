import { availableParallelism } from "node:os";
import type { Logger } from "../../platform/log/log.ts";
import { MaskThread } from "./mask-thread.ts";

/** One log while it is being masked. */
export interface MaskedLog {
  /** How many places were masked so far. */
  readonly count: number;
  /**
   * Resolves with the part of the text that is final. Does not change `piece`. Rejects when the thread fails. Called
   * for each piece of the upload, one at a time.
   */
  write(piece: Uint8Array): Promise<Uint8Array>;
  /** Resolves with the rest of the text. Rejects when the thread fails. Called once, after the last piece. */
  end(): Promise<Uint8Array>;
  /** Releases the log. Called in any case, also after a failure; a second call has no effect. */
  close(): void;
}

/** Masks logs on other threads than the one that answers requests. */
export interface Masking {
  open(accountId: string): MaskedLog;
  /** Ends the threads; uploads that are being masked fail. */
  close(): Promise<void>;
}

/** One processor is left to the requests. More than a few threads would take processors from the database. */
const mostThreads = Math.min(4, Math.max(1, availableParallelism() - 1));

interface MaskingOptions {
  log: Logger;
  threads?: number;
  /** The script of the threads; tests replace it. */
  script?: URL;
}

/**
 * Starts threads on demand that mask logs, each a piece at a time. Accounts take turns, so that an account with logs
 * full of digits delays only itself. When a thread fails, its uploads fail, and the next upload starts another.
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

  /** Returns an idle thread, else a new thread, else the thread with the fewest uploads. */
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
          // Copied because the thread takes over the buffer, which may hold the beginning of the next piece.
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
          // Queued behind its waiting pieces. A thread that has ended needs no message.
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
