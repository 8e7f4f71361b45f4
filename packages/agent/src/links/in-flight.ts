/**
 * Limits the number of unacknowledged messages; further ones wait in order. An MQTT 5 broker ends a connection that
 * exceeds its Receive Maximum.
 */
export class InFlight {
  readonly #limit: number;
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(most = Number.POSITIVE_INFINITY) {
    this.#limit = most;
  }

  /**
   * Calls `send` when there is room. `send` must call its argument when the message is acknowledged; calls after the
   * first do nothing.
   */
  add(send: (over: () => void) => void): void {
    const begin = () => {
      this.#underWay += 1;
      let isOver = false;
      send(() => {
        if (isOver) return;
        isOver = true;
        this.#next();
      });
    };
    if (this.#underWay < this.#limit) begin();
    else this.#waiting.push(begin);
  }

  #next(): void {
    this.#underWay -= 1;
    this.#waiting.shift()?.();
  }
}
