import { backoff } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import type { ReportedResult } from "./outcome.ts";

export interface OutstandingResultsOptions {
  clock: Clock;
  send: (result: ReportedResult) => void;
  /** Milliseconds between repetitions: the first, and what they grow to. */
  repeat: { firstMs: number; longestMs: number };
}

interface Outstanding {
  result: ReportedResult;
  repetitions: number;
  cancel: () => void;
}

const nothingToCancel = () => {};

/** The results the server has not receipted yet: sent at once, and repeated for as long as there is a link. */
export class OutstandingResults {
  readonly #options: OutstandingResultsOptions;
  readonly #waiting = new Map<string, Outstanding>();
  #linked = false;

  constructor(options: OutstandingResultsOptions) {
    this.#options = options;
  }

  add(result: ReportedResult): void {
    this.remove(result.operation_id);
    const outstanding = { result, repetitions: 0, cancel: nothingToCancel };
    this.#waiting.set(result.operation_id, outstanding);
    if (this.#linked) this.#send(outstanding);
  }

  /** The receipt has come. */
  remove(operationId: string): void {
    this.#waiting.get(operationId)?.cancel();
    this.#waiting.delete(operationId);
  }

  /** The link is there: everything at once, and from the short interval again. */
  resume(): void {
    this.#linked = true;
    for (const outstanding of this.#waiting.values()) {
      outstanding.cancel();
      outstanding.repetitions = 0;
      this.#send(outstanding);
    }
  }

  /** The link is gone: no timer runs until it is back. */
  pause(): void {
    this.#linked = false;
    for (const outstanding of this.#waiting.values()) outstanding.cancel();
  }

  #send(outstanding: Outstanding): void {
    const { clock, send, repeat } = this.#options;
    send(outstanding.result);
    const delayMs = backoff(outstanding.repetitions, repeat.firstMs, repeat.longestMs);
    outstanding.repetitions += 1;
    outstanding.cancel = clock.after(delayMs, () => this.#send(outstanding));
  }
}
