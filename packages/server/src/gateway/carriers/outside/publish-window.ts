interface Waiting {
  begin: () => void;
  refuse: (reason: Error) => void;
}

/**
 * Limits the unacknowledged messages to a broker: MQTT 5 brokers end a connection that exceeds their receive maximum.
 * Further messages wait, up to a limit: a slow broker must not fill the server's memory.
 */
export class PublishWindow {
  readonly #size: number;
  readonly #mostWaiting: number;
  readonly #waiting: Waiting[] = [];
  readonly #underWay = new Set<(reason: Error) => void>();
  #taken = 0;
  #closed: Error | undefined;

  constructor({ size, mostWaiting = 10_000 }: { size: number; mostWaiting?: number }) {
    this.#size = size;
    this.#mostWaiting = mostWaiting;
  }

  /**
   * Runs `publish` when it has a place in the window. Settles as `publish` does; rejects when the window is closed
   * first, or when too many wait already.
   */
  async run(publish: () => Promise<unknown>): Promise<void> {
    if (this.#closed) throw this.#closed;
    if (this.#taken < this.#size) this.#taken += 1;
    else await this.#turn();
    try {
      await this.#unlessClosed(publish());
    } finally {
      // The place goes to the next waiting message: a message that arrives at this moment may not take it.
      const next = this.#waiting.shift();
      if (next) next.begin();
      else this.#taken -= 1;
    }
  }

  /** Rejects all messages that wait or are unacknowledged, and every later one, with `reason`. */
  close(reason: Error): void {
    this.#closed ??= reason;
    for (const { refuse } of this.#waiting.splice(0)) refuse(reason);
    for (const refuse of this.#underWay) refuse(reason);
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#mostWaiting) return Promise.reject(new Error("the broker does not keep up"));
    return new Promise((begin, refuse) => {
      this.#waiting.push({ begin, refuse });
    });
  }

  #unlessClosed(published: Promise<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#underWay.add(reject);
      const over = () => this.#underWay.delete(reject);
      published.then(
        () => (over(), resolve()),
        (error: unknown) => (over(), reject(error)),
      );
    });
  }
}
