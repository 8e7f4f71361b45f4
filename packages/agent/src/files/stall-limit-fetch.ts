import { type Clock, systemClock } from "../clock.ts";

/** A request without progress for so long is aborted: a device on the path may have forgotten the connection. */
const stallMs = 10_000;

export interface StallLimitOptions {
  clock?: Clock;
  /** Makes the requests in place of the global `fetch`. */
  fetch?: typeof fetch;
  /** Milliseconds without progress after which a request is aborted; left out, 10 000. */
  stallMs?: number;
}

/** The reason of an aborted request: nothing moved for `stallMs`. */
class StalledError extends Error {
  override readonly name = "StalledError";
}

/**
 * Makes a `fetch` that rejects when nothing has moved for `stallMs` in either direction. It watches connecting, sending
 * the body, waiting for the answer and reading it. The time that the device itself takes to make the body or to consume
 * the answer does not count. All file transfers use it, and try again after a failure.
 */
export function fetchWithStallLimit(options: StallLimitOptions = {}): typeof fetch {
  const { fetch: send = fetch } = options;
  return async (input, init = {}) => {
    const watch = new StallTimer(options);
    const signal = init.signal ? AbortSignal.any([init.signal, watch.signal]) : watch.signal;
    const body = init.body instanceof ReadableStream ? watchedRequestBody(init.body, watch) : init.body;
    watch.waiting();
    try {
      const response = await send(input, { ...init, signal, ...(body !== undefined && { body }) });
      if (!response.body) return response;
      const { status, statusText, headers } = response;
      return new Response(watchedResponseBody(response.body, watch), { status, statusText, headers });
    } finally {
      watch.moved();
    }
  };
}

/** A timer that runs while the request waits for the network; when it ends, it aborts the request. */
class StallTimer {
  readonly #clock: Clock;
  readonly #stallMs: number;
  readonly #stalled = new AbortController();
  #cancel: (() => void) | undefined;

  constructor({ clock = systemClock, stallMs: limitMs = stallMs }: StallLimitOptions) {
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

/**
 * Watches a request body: the timer runs from handing a piece over until `fetch` asks for the next, and after the last
 * one.
 */
function watchedRequestBody(body: ReadableStream<Uint8Array>, watch: StallTimer): ReadableStream<Uint8Array> {
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

/** Watches a response body: the timer runs from asking for a piece until it comes. */
function watchedResponseBody(body: ReadableStream<Uint8Array>, watch: StallTimer): ReadableStream<Uint8Array> {
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
