import { backoff } from "../backoff.ts";
import { type Clock, sleep } from "../clock.ts";
import { UpdateFailure } from "./update-failure.ts";

const pauseMs = { first: 200, longest: 10_000 };

/** The cause of an error that another try would not change. */
export const final = new Error("the server has answered");

interface RetryOptions {
  clock: Clock;
  /** Aborted with an `UpdateFailure` when the operation's time is over. */
  signal: AbortSignal;
}

/** Paces the tries of one transfer. */
export class Tries {
  readonly #options: RetryOptions;
  #failures = 0;
  #problem: UpdateFailure | undefined;

  constructor(trying: RetryOptions) {
    this.#options = trying;
  }

  /** To be called when bytes have come: the next pause is the shortest again. */
  moved(): void {
    this.#failures = 0;
  }

  /**
   * Waits before the next try. Rejects with `cause` when another try cannot help, with an `UpdateFailure` when the time
   * is over, or with the signal's reason.
   */
  async failed(cause: unknown): Promise<void> {
    const { clock, signal } = this.#options;
    if (cause !== undefined && cause !== signal.reason) this.#problem = transient(cause);
    try {
      await sleep(clock, backoff(this.#failures, pauseMs.first, pauseMs.longest), signal);
    } catch (end) {
      throw end instanceof UpdateFailure ? this.#tooLate(end) : end;
    }
    this.#failures += 1;
  }

  #tooLate(end: UpdateFailure): UpdateFailure {
    if (!this.#problem) return end;
    return new UpdateFailure(end.code, `${end.message}. At the last try: ${this.#problem.message}`, end);
  }
}

/** Returns an error after which another try may succeed; throws any other error. */
function transient(cause: unknown): UpdateFailure {
  if (cause instanceof UpdateFailure && cause.code === "update_unreachable" && cause.cause !== final) return cause;
  throw cause;
}
