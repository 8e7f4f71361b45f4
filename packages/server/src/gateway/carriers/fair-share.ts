import type { Receive } from "./transport.ts";

interface FairShareOptions {
  /** Messages of one device that are handled at a time, over all its connections; four unless a test says otherwise. */
  atOnce?: number;
  /** How many further messages of one device may wait; unlimited where the caller sets its own limit. */
  mostWaiting?: number;
  /** Called when a message of the device was dropped because too many wait. */
  dropped?: (address: string) => void;
}

const messagesAtOnce = 4;

interface Share {
  running: number;
  /** The oldest message first; called with true to handle the message, with false to drop it. */
  waiting: ((turn: boolean) => void)[];
}

/**
 * What four connections may have under way (4 messages each), and as much again from connections that have ended. A
 * device that reconnects over and over must not leave ever more messages behind.
 */
export const mostWaitingAtBroker = 32;

/**
 * Handles a few messages of one device at a time; its other messages wait for their turn. A flood then delays only its
 * own device, and does not queue before all others at the database. When too many wait, the oldest is dropped: a
 * terminal repeats what matters, and its latest message tells most.
 */
export class FairShare {
  readonly #options: FairShareOptions;
  readonly #devices = new Map<string, Share>();
  /** Undefined before it has started and after it has closed: messages are dropped then. */
  #receive: Receive | undefined;

  constructor(options: FairShareOptions = {}) {
    this.#options = options;
  }

  /** From now on messages are handed to `receive`. */
  start(receive: Receive): void {
    this.#receive = receive;
  }

  /** Handles a message. Resolves when it has been handled or dropped; rejects as the receiver does. */
  readonly receive: Receive = async (address, ...message) => {
    const { atOnce = messagesAtOnce } = this.#options;
    const receive = this.#receive;
    if (!receive) return;
    const share = this.#devices.get(address) ?? { running: 0, waiting: [] };
    this.#devices.set(address, share);
    if (share.running < atOnce) share.running += 1;
    else if (!(await this.#turn(address, share))) return;
    try {
      await receive(address, ...message);
    } finally {
      const next = share.waiting.shift();
      // The turn goes to the next waiting message: a message that arrives at this moment may not take it.
      if (next) next(true);
      else share.running -= 1;
      if (share.running === 0) this.#devices.delete(address);
    }
  };

  /** Drops the waiting messages of a device whose connections were ended. */
  drop(address: string): void {
    for (const settle of this.#devices.get(address)?.waiting.splice(0) ?? []) settle(false);
  }

  /** Drops what waits, and what still arrives: its agent has no receipt, and repeats it to another server. */
  close(): void {
    this.#receive = undefined;
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
