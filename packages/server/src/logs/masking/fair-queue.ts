/** A queue in which accounts take turns, however many items one of them has waiting. */
export class FairQueue<T> {
  /** In the order of turns: the first account is next. */
  readonly #accounts = new Map<string, T[]>();

  add(accountId: string, item: T): void {
    const own = this.#accounts.get(accountId);
    if (own) own.push(item);
    else this.#accounts.set(accountId, [item]);
  }

  next(): T | undefined {
    for (const [accountId, own] of this.#accounts) {
      this.#accounts.delete(accountId);
      const item = own.shift();
      if (own.length > 0) this.#accounts.set(accountId, own);
      return item;
    }
    return undefined;
  }

  /** Removes and returns all items. */
  empty(): T[] {
    const all = [...this.#accounts.values()].flat();
    this.#accounts.clear();
    return all;
  }
}
