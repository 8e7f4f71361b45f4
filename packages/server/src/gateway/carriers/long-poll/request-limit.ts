import { ApiError } from "../../../platform/errors.ts";

/** Limits the concurrent requests of each terminal, and so the memory that a terminal takes. */
export class RequestLimit {
  readonly #most: number;
  readonly #counts = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Counts a request; the caller calls the returned function at its end. Throws `too_many_requests`. */
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
