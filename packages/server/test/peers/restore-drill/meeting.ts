/** Where all who have joined wait for each other, and for what happens then. */
export class Meeting<Moment extends string> {
  #members = 0;
  #waiting = 0;
  readonly #moments = new Map<Moment, { over: PromiseWithResolvers<void>; waiting: number }>();
  #look: () => void = () => {};

  /** With somebody who will wait now and then, until the promise is settled. */
  join<T>(story: Promise<T>): Promise<T> {
    this.#members += 1;
    return story.finally(() => {
      this.#members -= 1;
      this.#look();
    });
  }

  /** Resolves when that moment is over. */
  until(moment: Moment): Promise<void> {
    this.#of(moment).waiting += 1;
    this.#waiting += 1;
    this.#look();
    return this.#of(moment).over.promise;
  }

  /** Lets it happen when all of them wait, for this moment or a later one. */
  async hold(moment: Moment, happen: () => void | Promise<void>): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#look = () => {
        if (this.#waiting >= this.#members) resolve();
      };
      this.#look();
    });
    await happen();
    const { over, waiting } = this.#of(moment);
    this.#waiting -= waiting;
    over.resolve();
  }

  #of(moment: Moment) {
    const known = this.#moments.get(moment) ?? { over: Promise.withResolvers<void>(), waiting: 0 };
    this.#moments.set(moment, known);
    return known;
  }
}
