import { type Clock, systemClock } from "../clock.ts";

/** Nothing came or went for so long: the request is given up, because the way to the server may have forgotten it. */
const stallMs = 10_000;

export interface MovingFetchOptions {
  clock?: Clock;
  /** Makes the requests in place of the global `fetch`. */
  fetch?: typeof fetch;
  stallMs?: number;
}

/** Why a request was given up. */
class StalledError extends Error {
  override readonly name = "StalledError";
}

/**
 * A `fetch` that fails as soon as nothing has moved for ten seconds, in either direction: while it connects, sends its body,
 * waits for the answer or reads it. What the device itself takes to make the body or to take the answer in does not count.
 * Everything that transfers files goes through it, and tries again what fails.
 */
export function movingFetch(options: MovingFetchOptions = {}): typeof fetch {
  const { fetch: send = fetch } = options;
  return async (input, init = {}) => {
    const watch = new Watch(options);
    const signal = init.signal ? AbortSignal.any([init.signal, watch.signal]) : watch.signal;
    const body = init.body instanceof ReadableStream ? upwards(init.body, watch) : init.body;
    watch.waiting();
    try {
      const response = await send(input, { ...init, signal, ...(body !== undefined && { body }) });
      if (!response.body) return response;
      const { status, statusText, headers } = response;
      return new Response(downwards(response.body, watch), { status, statusText, headers });
    } finally {
      watch.moved();
    }
  };
}

/** Runs while something is waited for that the network has to do. */
class Watch {
  readonly #clock: Clock;
  readonly #stallMs: number;
  readonly #stalled = new AbortController();
  #cancel: (() => void) | undefined;

  constructor({ clock = systemClock, stallMs: limitMs = stallMs }: MovingFetchOptions) {
    this.#clock = clock;
    this.#stallMs = limitMs;
  }

  get signal(): AbortSignal {
    return this.#stalled.signal;
  }

  waiting(): void {
    this.moved();
    this.#cancel = this.#clock.after(this.#stallMs, () => {
      this.#stalled.abort(new StalledError(`nothing moved for ${this.#stallMs / 1000} s`));
    });
  }

  moved(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

/** The network is waited for from handing a piece over until the next one is asked for, and after the last one. */
function upwards(body: ReadableStream<Uint8Array>, watch: Watch): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream(
    {
      async pull(controller) {
        watch.moved();
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
        watch.waiting();
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** The network is waited for from asking for a piece until it comes. */
function downwards(body: ReadableStream<Uint8Array>, watch: Watch): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream(
    {
      async pull(controller) {
        watch.waiting();
        try {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } finally {
          watch.moved();
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
