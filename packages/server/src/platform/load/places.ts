/** A number of places that groups share: a group may have as many as it leaves to others. */
export class Places {
  readonly #most: number;
  readonly #byGroup = new Map<string, number>();
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Takes a place for a group, and answers the function that gives it back. Undefined: it has none. */
  take(group: string): (() => void) | undefined {
    if ((this.#byGroup.get(group) ?? 0) >= this.#most - this.#taken) return undefined;
    this.#count(group, 1);
    return () => this.#count(group, -1);
  }

  #count(group: string, change: 1 | -1): void {
    this.#taken += change;
    const count = (this.#byGroup.get(group) ?? 0) + change;
    if (count > 0) this.#byGroup.set(group, count);
    else this.#byGroup.delete(group);
  }
}
