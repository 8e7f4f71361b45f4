import type { PutInTrade } from "@tillkeeper/contract/simulated-work";
import { type DayTotals, noTrade, type TradeSince } from "./day.ts";

const retryMs = 250;

/**
 * The trade that was put into a virtual terminal from outside. A trade has an instant, as the invented one has, and belongs to the batch
 * that was open then. So it must be known to the terminal before a later instant is closed: closes wait for `settled`.
 */
export class PutInTrades {
  readonly #known = new Map<string, PutInTrade>();
  readonly #pending = new Set<Promise<void>>();
  #closedUntilMs = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(known: readonly PutInTrade[] = []) {
    this.add(known);
  }

  /** Adds trade that has its instant already; known trade stays. */
  add(trades: readonly PutInTrade[]): void {
    for (const trade of trades) this.#known.set(trade.id, trade);
  }

  /** Whether no trade is being put in. A close in the same turn of the event loop misses no trade. */
  get isSettled(): boolean {
    return this.#pending.size === 0;
  }

  async settled(): Promise<void> {
    while (!this.isSettled) await Promise.all(this.#pending);
  }

  /** To be called when a close of everything before this instant has been computed. */
  closed(untilMs: number): void {
    this.#closedUntilMs = Math.max(this.#closedUntilMs, untilMs);
  }

  /**
   * Gives a trade its instant, has it stored by `store`, and only then counts it. `store` is called until it succeeds: after an error
   * the trade may be stored or not, and a close that went on could miss it. It answers whether this terminal may have the trade.
   */
  async putIn(
    trade: Omit<PutInTrade, "atMs">,
    notBeforeMs: number,
    store: (atMs: number) => Promise<boolean>,
  ): Promise<void> {
    const atMs = Math.max(notBeforeMs, this.#closedUntilMs);
    const work = this.#storeAndCount({ ...trade, atMs }, store);
    this.#pending.add(work);
    try {
      await work;
    } finally {
      this.#pending.delete(work);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Totals from `fromMs` up to but not including `untilMs`. */
  between(fromMs: number, untilMs: number): TradeSince {
    const totals: DayTotals = { ...noTrade };
    let oldestMs: number | undefined;
    for (const { kind, amount, tip, atMs } of this.#known.values()) {
      if (atMs < fromMs || atMs >= untilMs) continue;
      oldestMs = Math.min(oldestMs ?? atMs, atMs);
      const of = kind === "refund" ? "reversals" : "purchases";
      totals[`${of}_count`] += 1;
      totals[`${of}_amount`] += amount;
      totals.tip_amount += tip;
    }
    totals.sale_amount = totals.purchases_amount - totals.tip_amount - totals.reversals_amount;
    return { ...totals, oldestMs };
  }

  async #storeAndCount(trade: PutInTrade, store: (atMs: number) => Promise<boolean>): Promise<void> {
    if (await this.#storeUntilDone(store, trade.atMs)) this.#known.set(trade.id, trade);
  }

  async #storeUntilDone(store: (atMs: number) => Promise<boolean>, atMs: number): Promise<boolean> {
    for (;;) {
      try {
        return await store(atMs);
      } catch (error) {
        if (this.#stopped) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }
}
