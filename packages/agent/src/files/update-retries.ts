import { backoff } from "../backoff.ts";
import { type Clock, sleep } from "../clock.ts";
import { UpdateFailure } from "./update-failure.ts";

const pauseMs = { first: 200, longest: 10_000 };

/** Marks an answer that another try would not change. */
export const final = new Error("the server has answered");

interface Trying {
  clock: Clock;
  /** Aborted with an `UpdateFailure` when the operation's time is over. */
  signal: AbortSignal;
}

/** What the tries of one transfer have met. */
export class Tries {
  readonly #trying: Trying;
  #fruitless = 0;
  #problem: UpdateFailure | undefined;

  constructor(trying: Trying) {
    this.#trying = trying;
  }

  /** Something came: the next pause is a short one. */
  moved(): void {
    this.#fruitless = 0;
  }

  /** Waits before the next try, while there is time; throws what it can do nothing about. */
  async failed(cause: unknown): Promise<void> {
    const { clock, signal } = this.#trying;
    if (cause !== undefined && cause !== signal.reason) this.#problem = transient(cause);
    try {
      await sleep(clock, backoff(this.#fruitless, pauseMs.first, pauseMs.longest), signal);
    } catch (end) {
      throw end instanceof UpdateFailure ? this.#tooLate(end) : end;
    }
    this.#fruitless += 1;
  }

  #tooLate(end: UpdateFailure): UpdateFailure {
    if (!this.#problem) return end;
    return new UpdateFailure(end.code, `${end.message}. At the last try: ${this.#problem.message}`, end);
  }
}

/** What may be better the next time; all else is thrown. */
function transient(cause: unknown): UpdateFailure {
  if (cause instanceof UpdateFailure && cause.code === "update_unreachable" && cause.cause !== final) return cause;
  throw cause;
}
