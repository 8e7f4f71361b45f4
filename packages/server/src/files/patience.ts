import { Readable } from "node:stream";
import { ApiError } from "../platform/errors.ts";
import { checkedName, type FileStore } from "./file-store.ts";

/**
 * A store that nobody waits for without end: one that hangs, or fails, is answered with `service_unavailable`. Only the
 * time that the store itself takes counts, not that of a slow source or of a slow reader. `closing` ends whatever is
 * under way.
 */
export function patientStore(store: FileStore, patienceMs: number, closing: AbortSignal): FileStore {
  const patience = (signal?: AbortSignal) => new Patience(patienceMs, signal ? [closing, signal] : [closing]);
  return {
    async put(name, content, signal) {
      checkedName(name);
      const waiting = patience(signal);
      const source = new Source(content, waiting);
      try {
        return await waiting.over(() => store.put(name, source.pieces(), waiting.signal));
      } catch (error) {
        throw source.failure ? source.failure.cause : refusal(error, signal);
      } finally {
        waiting.finish();
      }
    },
    async get(name, part, signal) {
      checkedName(name);
      const waiting = patience(signal);
      const open = async () => {
        const opened = await store.get(name, part, waiting.signal);
        // Nobody reads, nor closes, what comes too late.
        if (waiting.signal.aborted) opened?.destroy();
        return opened;
      };
      try {
        const content = await waiting.over(open);
        return content && steady(content, waiting);
      } catch (error) {
        throw refusal(error, signal);
      }
    },
    async remove(name, signal) {
      checkedName(name);
      const waiting = patience(signal);
      try {
        await waiting.over(() => store.remove(name, waiting.signal));
      } catch (error) {
        throw refusal(error, signal);
      }
    },
  };
}

class Patience {
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

  /** A source may still be told to stop then, and must not set the timer again. */
  finish(): void {
    this.#finished = true;
    this.end();
  }

  /** Settles with the work, or fails as soon as the patience is over. */
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

/** What is to be stored. While the store waits for it, nobody waits for the store. */
class Source {
  failure: { cause: unknown } | undefined;
  readonly #content: AsyncIterable<Uint8Array>;
  readonly #waiting: Patience;

  constructor(content: AsyncIterable<Uint8Array>, waiting: Patience) {
    this.#content = content;
    this.#waiting = waiting;
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    this.#waiting.end();
    try {
      for await (const piece of this.#content) {
        this.#waiting.begin();
        yield piece;
        this.#waiting.end();
      }
    } catch (cause) {
      this.failure = { cause };
      throw cause;
    } finally {
      this.#waiting.begin();
    }
  }
}

/** The content of a file, which fails when the store stops in the middle of it. */
function steady(content: Readable, waiting: Patience): Readable {
  const source: AsyncIterator<Uint8Array> = content[Symbol.asyncIterator]();
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { done, value } = await waiting.over(() => source.next());
      if (done) return;
      yield value;
    }
  }
  const steadied = Readable.from(pieces(), { objectMode: false });
  steadied.once("close", () => content.destroy());
  return steadied;
}

/** A caller who has given up knows why; everybody else may come again. */
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
