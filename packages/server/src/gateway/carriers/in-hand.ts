/**
 * Counts the messages that are being handled. The reader can wait while there are too many, and the shutdown until none
 * is left.
 */
export class InHandLimit {
  readonly #most: number;
  #underWay = 0;
  #looks: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Adds a message. Resolves when the next may be added: at once, or once fewer than `most` are being handled. A
   * rejection of `work` is ignored.
   */
  async add(work: Promise<void>): Promise<void> {
    this.#underWay += 1;
    const over = () => {
      this.#underWay -= 1;
      for (const look of this.#looks.splice(0)) look();
    };
    work.then(over, over);
    while (this.#underWay >= this.#most) await this.#next();
  }

  /** Resolves when no message is being handled any more, including messages added while it waits. */
  async done(): Promise<void> {
    while (this.#underWay > 0) await this.#next();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => void this.#looks.push(resolve));
  }
}
