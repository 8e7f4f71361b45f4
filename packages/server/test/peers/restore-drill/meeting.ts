/** A barrier for concurrent stories: a moment happens when all running stories wait for it. */
export class Meeting<Moment extends string> {
  #members = 0;
  #waiting = 0;
  readonly #moments = new Map<Moment, { over: PromiseWithResolvers<void>; waiting: number }>();
  #look: () => void = () => {};

  /** Adds a story to the members of the barrier. It counts as a member until its promise settles. */
  join<T>(story: Promise<T>): Promise<T> {
    this.#members += 1;
    return story.finally(() => {
      this.#members -= 1;
      this.#look();
    });
  }

  /** Resolves when the moment is over. */
  until(moment: Moment): Promise<void> {
    this.#of(moment).waiting += 1;
    this.#waiting += 1;
    this.#look();
    return this.#of(moment).over.promise;
  }

  /** Runs `happen` once all members wait, for this moment or a later one. Then lets those of this moment continue. */
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
