import type { DownMessage } from "./mailboxes.ts";

/** Why nobody may wait at a mailbox any more. */
export type Ending = "replaced" | "credential";

/** More would be a terminal that asks and never takes. The oldest go: whatever matters is sent again. */
const mostMessages = 200;
/** One who has just been answered asks again within this time, if at all. */
const backWithinMs = 2_000;
/** As the outbox does. */
const againAfterMs = 10_000;
/** One that waits, and one that came while the server had not noticed yet that the first has gone. A further ends the oldest. */
const mostWaiting = 2;

/** What is said again if nothing comes of it, of one thing at a time: an operation, or a question. */
const saidAgain = ["command", "cancel", "probe"] as const;
export type SaidAgain = (typeof saidAgain)[number];

/** What waits for one session of one device. */
export class Mailbox {
  readonly session: string;
  readonly address: string;
  /** Requests that have it open. */
  users = 0;
  #messages: DownMessage[] = [];
  /** Of each channel of which that matters the last: what it was about, and when it came. */
  readonly #told = new Map<string, { id: unknown; atMs: number }>();
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
    if (isSaidAgain(message)) this.#told.set(message.channel, { id: idOf(message), atMs: performance.now() });
    if (this.#messages.length > mostMessages) this.#messages.shift();
    this.#wake();
  }

  /** Whether it was told this a short while ago. */
  wasTold(channel: SaidAgain, id: string): boolean {
    const last = this.#told.get(channel);
    return last?.id === id && performance.now() - last.atMs < againAfterMs;
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

function isSaidAgain({ channel }: DownMessage): boolean {
  return saidAgain.some((one) => one === channel);
}

function idOf({ message }: DownMessage): unknown {
  const { operation_id, probe_id } = message as { operation_id?: unknown; probe_id?: unknown };
  return operation_id ?? probe_id;
}
