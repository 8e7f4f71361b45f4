/** A queue in which each account has one turn after the other, however much it has waiting. */
export class FairQueue<T> {
  /** The account whose turn is next stands first. */
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

  /** Takes out everything. */
  empty(): T[] {
    const all = [...this.#accounts.values()].flat();
    this.#accounts.clear();
    return all;
  }
}
