import type { DeviceMessagesAnswer } from "@tillkeeper/contract/http/device-messages";

export type DownMessage = DeviceMessagesAnswer["messages"][number];

/** Why requests at a mailbox are refused: another session has begun, or the credential is over. */
export type Ending = "replaced" | "credential";

/**
 * More would be a terminal that polls and never fetches. The oldest messages are dropped: the server sends again what
 * matters.
 */
const mostMessages = 200;
/** A terminal that has just been answered polls again within this time, if at all. */
const backWithinMs = 2_000;
/** As long as the outbox waits before it repeats a message. */
const againAfterMs = 10_000;
/**
 * The request that waits, and its predecessor if the server has not noticed the end of that yet. A further request ends
 * the oldest.
 */
const mostWaiting = 2;

/** Channels whose messages are sent again until they are answered. One subject at a time: an operation or a probe. */
const saidAgain = ["command", "cancel", "probe"] as const;
export type RepeatedChannel = (typeof saidAgain)[number];

/** The messages that wait for one session of one device. */
export class Mailbox {
  readonly session: string;
  readonly address: string;
  /** How many requests use it at the moment. */
  users = 0;
  #messages: DownMessage[] = [];
  /** The last message of each repeated channel: the id of its operation or probe, and when it was put here. */
  readonly #lastPut = new Map<string, { id: unknown; atMs: number }>();
  #waiting = new Set<() => void>();
  #waitEndedAt = Number.NEGATIVE_INFINITY;
  #ending: Ending | undefined;
  #waitsEnded = false;

  constructor(session: string, address: string) {
    this.session = session;
    this.address = address;
  }

  get ending(): Ending | undefined {
    return this.#ending;
  }

  get isPolled(): boolean {
    return this.#waiting.size > 0 || performance.now() - this.#waitEndedAt < backWithinMs;
  }

  put(message: DownMessage): void {
    this.#messages.push(message);
    if (isSaidAgain(message)) this.#lastPut.set(message.channel, { id: idOf(message), atMs: performance.now() });
    if (this.#messages.length > mostMessages) this.#messages.shift();
    this.#wake();
  }

  /** Whether this message was put here a short while ago. */
  wasPutLately(channel: RepeatedChannel, id: string): boolean {
    const last = this.#lastPut.get(channel);
    return last?.id === id && performance.now() - last.atMs < againAfterMs;
  }

  /**
   * Removes and answers all messages. Waits until there is one, `waitMs` have passed, the signal is aborted, or the
   * mailbox ends.
   */
  async take(waitMs: number, signal: AbortSignal): Promise<DownMessage[]> {
    if (waitMs > 0) await this.#wait(waitMs, signal);
    // An aborted request takes nothing out: the next request of the terminal does.
    return signal.aborted ? [] : this.#messages.splice(0);
  }

  end(ending: Ending): void {
    this.#ending = ending;
    this.#wake();
  }

  /** Ends all waits, and lets no request wait from now on. */
  endWaits(): void {
    this.#waitsEnded = true;
    this.#wake();
  }

  #wait(waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", finish);
        this.#waiting.delete(finish);
        this.#waitEndedAt = performance.now();
        resolve();
      };
      const timer = setTimeout(finish, waitMs);
      const [oldest] = this.#waiting;
      if (this.#waiting.size >= mostWaiting) oldest?.();
      this.#waiting.add(finish);
      signal.addEventListener("abort", finish);
      if (this.#messages.length > 0 || this.#ending || this.#waitsEnded || signal.aborted) finish();
    });
  }

  #wake(): void {
    for (const finish of this.#waiting) finish();
  }
}

function isSaidAgain({ channel }: DownMessage): boolean {
  return saidAgain.some((one) => one === channel);
}

function idOf({ message }: DownMessage): unknown {
  const { operation_id, probe_id } = message as { operation_id?: unknown; probe_id?: unknown };
  return operation_id ?? probe_id;
}
