import type { Receive } from "./transport.ts";

interface FairShareOptions {
  /** Messages of one device that are handled at a time, over all its connections; four unless a test says otherwise. */
  atOnce?: number;
  /** Further ones wait, up to so many; left out where whoever brings them sees to that. */
  mostWaiting?: number;
  receive: Receive;
  /** Told of a device that has said more than waits for it. */
  dropped?: (address: string) => void;
}

const messagesAtOnce = 4;

interface Share {
  running: number;
  /** The oldest first; called with whether the message is to be handled. */
  waiting: ((turn: boolean) => void)[];
}

/**
 * What four connections may have under way, and as much again that is left of connections that have ended: who comes back
 * over and over must not leave more and more behind.
 */
export const mostWaitingAtBroker = 32;

/**
 * Handles a few messages of one device at a time; the others wait for their turn. One that floods the server then waits
 * for itself, and does not stand before everybody else at the database. When too many wait the oldest is dropped: a
 * terminal repeats what matters, and what it said last tells most.
 */
export class FairShare {
  readonly #options: FairShareOptions;
  readonly #devices = new Map<string, Share>();
  #closed = false;

  constructor(options: FairShareOptions) {
    this.#options = options;
  }

  /** Resolves when the message is handled, or will never be. */
  readonly receive: Receive = async (address, ...said) => {
    const { atOnce = messagesAtOnce, receive } = this.#options;
    if (this.#closed) return;
    const share = this.#devices.get(address) ?? { running: 0, waiting: [] };
    this.#devices.set(address, share);
    if (share.running < atOnce) share.running += 1;
    else if (!(await this.#turn(address, share))) return;
    try {
      await receive(address, ...said);
    } finally {
      const next = share.waiting.shift();
      // The turn is handed on; nobody who comes just now may take it.
      if (next) next(true);
      else share.running -= 1;
      if (share.running === 0) this.#devices.delete(address);
    }
  };

  /** What waits of a terminal was said by somebody who has been sent away. */
  drop(address: string): void {
    for (const settle of this.#devices.get(address)?.waiting.splice(0) ?? []) settle(false);
  }

  /** Nothing that waits is handled any more, nor what still comes: whoever said it says it again to another server. */
  close(): void {
    this.#closed = true;
    for (const address of this.#devices.keys()) this.drop(address);
  }

  #turn(address: string, { waiting }: Share): Promise<boolean> {
    const { mostWaiting = Number.POSITIVE_INFINITY, dropped } = this.#options;
    if (waiting.length >= mostWaiting) {
      waiting.shift()?.(false);
      dropped?.(address);
    }
    return new Promise((resolve) => void waiting.push(resolve));
  }
}
