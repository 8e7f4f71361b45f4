/**
 * Lets so many messages be under way at a time, the others after them in order. A broker of MQTT 5 that has more of them
 * unacknowledged than it said ends the connection.
 */
export class InFlight {
  readonly #most: number;
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most;
  }

  /** `send` calls back when the message is no longer under way, perhaps more than once. */
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
    if (this.#underWay < this.#most) begin();
    else this.#waiting.push(begin);
  }

  #next(): void {
    this.#underWay -= 1;
    this.#waiting.shift()?.();
  }
}
