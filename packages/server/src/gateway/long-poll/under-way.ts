import { ApiError } from "../../platform/errors.ts";

/** Counts the requests of each terminal that are under way: what one may keep in memory has an end. */
export class UnderWay {
  readonly #most: number;
  readonly #counts = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Answers what to call when the request is over. Throws `too_many_requests`. */
  begin(terminalId: string): () => void {
    const count = this.#counts.get(terminalId) ?? 0;
    if (count >= this.#most) {
      throw new ApiError("too_many_requests", "Too many requests of this terminal are under way; wait for answers.");
    }
    this.#counts.set(terminalId, count + 1);
    return () => {
      const left = (this.#counts.get(terminalId) ?? 1) - 1;
      if (left > 0) this.#counts.set(terminalId, left);
      else this.#counts.delete(terminalId);
    };
  }
}
