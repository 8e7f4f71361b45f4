interface Waiting {
  begin: () => void;
  refuse: (reason: Error) => void;
}

/**
 * How many messages may be on their way to a broker that has not acknowledged them: MQTT 5 brokers end a connection that
 * exceeds the number they name. The others wait, up to a limit: a broker that reads slowly must not fill our memory.
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

  /** Settles as `publish` does, or rejects when the window is closed first, or too many are waiting already. */
  async run(publish: () => Promise<unknown>): Promise<void> {
    if (this.#closed) throw this.#closed;
    if (this.#taken < this.#size) this.#taken += 1;
    else await this.#turn();
    try {
      await this.#unlessClosed(publish());
    } finally {
      // The place is handed on; nobody who comes just now may take it.
      const next = this.#waiting.shift();
      if (next) next.begin();
      else this.#taken -= 1;
    }
  }

  /** Nothing that waits will be sent any more, and nothing under way is waited for. */
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
