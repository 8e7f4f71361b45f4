/** Counts the messages that are being handled, so that the reading can wait when there are too many, and the end for all. */
export class Handling {
  readonly #most: number;
  #underWay = 0;
  #looks: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Resolves when the next one may come: at once, unless so many are being handled that one of them must end first. */
  async add(work: Promise<void>): Promise<void> {
    this.#underWay += 1;
    const over = () => {
      this.#underWay -= 1;
      for (const look of this.#looks.splice(0)) look();
    };
    work.then(over, over);
    while (this.#underWay >= this.#most) await this.#next();
  }

  /** Resolves when none is left, also of those that came meanwhile. */
  async done(): Promise<void> {
    while (this.#underWay > 0) await this.#next();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => void this.#looks.push(resolve));
  }
}
