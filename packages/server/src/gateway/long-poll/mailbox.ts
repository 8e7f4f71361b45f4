import type { DownMessage } from "./mailboxes.ts";

/** Why nobody may wait at a mailbox any more. */
export type Ending = "replaced" | "credential";

/** More would be a terminal that asks and never takes. The oldest go: whatever matters is sent again. */
const mostMessages = 200;
/** One who has just been answered asks again within this time, if at all. */
const backWithinMs = 2_000;
/** One that waits, and one that came while the server had not noticed yet that the first has gone. A further ends the oldest. */
const mostWaiting = 2;

/** What waits for one session of one device. */
export class Mailbox {
  readonly session: string;
  readonly address: string;
  /** Requests that have it open. */
  users = 0;
  #messages: DownMessage[] = [];
  #waiting = new Set<() => void>();
  #waitEndedAt = Number.NEGATIVE_INFINITY;
  #ending: Ending | undefined;
  #hurried = false;

  constructor(session: string, address: string) {
    this.session = session;
    this.address = address;
  }

  get ending(): Ending | undefined {
    return this.#ending;
  }

  get attended(): boolean {
    return this.#waiting.size > 0 || performance.now() - this.#waitEndedAt < backWithinMs;
  }

  put(message: DownMessage): void {
    this.#messages.push(message);
    if (this.#messages.length > mostMessages) this.#messages.shift();
    this.#wake();
  }

  /** All messages, once there is one, `waitMs` have passed, the signal is aborted, or the mailbox ends. */
  async take(waitMs: number, signal: AbortSignal): Promise<DownMessage[]> {
    if (waitMs > 0) await this.#something(waitMs, signal);
    // Who has hung up fetches nothing: the next request does.
    return signal.aborted ? [] : this.#messages.splice(0);
  }

  end(ending: Ending): void {
    this.#ending = ending;
    this.#wake();
  }

  /** Nobody is kept waiting from now on. */
  hurry(): void {
    this.#hurried = true;
    this.#wake();
  }

  #something(waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const enough = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", enough);
        this.#waiting.delete(enough);
        this.#waitEndedAt = performance.now();
        resolve();
      };
      const timer = setTimeout(enough, waitMs);
      const [oldest] = this.#waiting;
      if (this.#waiting.size >= mostWaiting) oldest?.();
      this.#waiting.add(enough);
      signal.addEventListener("abort", enough);
      if (this.#messages.length > 0 || this.#ending || this.#hurried || signal.aborted) enough();
    });
  }

  #wake(): void {
    for (const enough of this.#waiting) enough();
  }
}
