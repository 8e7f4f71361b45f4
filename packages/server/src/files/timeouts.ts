import { Readable } from "node:stream";
import { ApiError } from "../platform/errors.ts";
import { checkedName, type FileStore } from "./file-store.ts";

/**
 * Wraps a store with a time limit: a store that hangs or fails is answered with `service_unavailable`. Only the store's
 * own time counts, not that of a slow source or reader. `closing` ends all calls.
 */
export function storeWithTimeout(store: FileStore, patienceMs: number, closing: AbortSignal): FileStore {
  const newTimeout = (signal?: AbortSignal) => new ProgressTimeout(patienceMs, signal ? [closing, signal] : [closing]);
  return {
    async put(name, content, signal) {
      checkedName(name);
      const timeout = newTimeout(signal);
      const source = new TimedSource(content, timeout);
      try {
        return await timeout.over(() => store.put(name, source.pieces(), timeout.signal));
      } catch (error) {
        throw source.failure ? source.failure.cause : refusal(error, signal);
      } finally {
        timeout.finish();
      }
    },
    async get(name, part, signal) {
      checkedName(name);
      const timeout = newTimeout(signal);
      const open = async () => {
        const opened = await store.get(name, part, timeout.signal);
        // A stream that opens too late has no reader, so it is closed here.
        if (timeout.signal.aborted) opened?.destroy();
        return opened;
      };
      try {
        const content = await timeout.over(open);
        return content && withTimeout(content, timeout);
      } catch (error) {
        throw refusal(error, signal);
      }
    },
    async remove(name, signal) {
      checkedName(name);
      const timeout = newTimeout(signal);
      try {
        await timeout.over(() => store.remove(name, timeout.signal));
      } catch (error) {
        throw refusal(error, signal);
      }
    },
  };
}

class ProgressTimeout {
  readonly signal: AbortSignal;
  readonly #own = new AbortController();
  readonly #ms: number;
  #finished = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, others: AbortSignal[]) {
    this.#ms = ms;
    this.signal = AbortSignal.any([this.#own.signal, ...others]);
  }

  begin(): void {
    this.end();
    if (this.#finished) return;
    const over = () => this.#own.abort(new Error(`the file store did not go on for ${this.#ms} ms`));
    this.#timer = setTimeout(over, this.#ms);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  /** Stops the timer for good: a source that is stopped afterwards must not set it again. */
  finish(): void {
    this.#finished = true;
    this.end();
  }

  /** Settles with the work, or rejects when the time limit is over. */
  over<T>(work: () => Promise<T>): Promise<T> {
    const { signal } = this;
    return new Promise<T>((resolve, reject) => {
      const giveUp = () => reject(signal.reason);
      this.begin();
      if (signal.aborted) giveUp();
      else signal.addEventListener("abort", giveUp, { once: true });
      const settled = () => signal.removeEventListener("abort", giveUp);
      work().then(resolve, reject).finally(settled);
    }).finally(() => this.end());
  }
}

/** The content of a `put`. The time limit is suspended while the store waits for it. */
class TimedSource {
  failure: { cause: unknown } | undefined;
  readonly #content: AsyncIterable<Uint8Array>;
  readonly #timeout: ProgressTimeout;

  constructor(content: AsyncIterable<Uint8Array>, timeout: ProgressTimeout) {
    this.#content = content;
    this.#timeout = timeout;
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    this.#timeout.end();
    try {
      for await (const piece of this.#content) {
        this.#timeout.begin();
        yield piece;
        this.#timeout.end();
      }
    } catch (cause) {
      this.failure = { cause };
      throw cause;
    } finally {
      this.#timeout.begin();
    }
  }
}

/** The content of a file, which fails when the store stops in the middle of it. */
function withTimeout(content: Readable, timeout: ProgressTimeout): Readable {
  const source: AsyncIterator<Uint8Array> = content[Symbol.asyncIterator]();
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { done, value } = await timeout.over(() => source.next());
      if (done) return;
      yield value;
    }
  }
  const limited = Readable.from(pieces(), { objectMode: false });
  limited.once("close", () => content.destroy());
  return limited;
}

/** A caller that aborted gets its own reason; other callers may try again. */
function refusal(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new ApiError("storage_full", "The server has no room for the file; nothing was kept.", { cause: error });
  }
  return new ApiError("service_unavailable", "The files cannot be reached now; try again.", {
    retryAfterSeconds: 2,
    cause: error,
  });
}
