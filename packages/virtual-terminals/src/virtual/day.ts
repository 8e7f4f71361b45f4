/**
 * The length of a slot in the invented trade of a virtual terminal. Each slot holds no trade, one purchase or one
 * reversal. Kind, amount and instant follow from the serial number and the slot alone, so nothing has to be stored.
 */
export const slotMs = 5 * 60 * 1000;

const purchaseShare = 0.45;
const reversalShare = 0.04;
const tippedShare = 0.15;

/** Sums in minor units. */
export interface DayTotals {
  purchases_count: number;
  /** The amount charged to cards, tips included. */
  purchases_amount: number;
  reversals_count: number;
  /** The amount paid back, as a positive number. */
  reversals_amount: number;
  /** The tips among `purchases_amount`. */
  tip_amount: number;
  /** The amount for goods: purchases_amount - tip_amount - reversals_amount. May be negative. */
  sale_amount: number;
}

/** The totals of no trade. */
export const noTrade: Readonly<DayTotals> = {
  purchases_count: 0,
  purchases_amount: 0,
  reversals_count: 0,
  reversals_amount: 0,
  tip_amount: 0,
  sale_amount: 0,
};

/**
 * Totals from `fromMs` up to but not including `untilMs` (epoch milliseconds), so that consecutive days neither overlap
 * nor gap.
 */
export function dayTotals(serialNumber: string, fromMs: number, untilMs: number): DayTotals {
  const totals: DayTotals = { ...noTrade };
  for (let slot = Math.floor(fromMs / slotMs); slot * slotMs < untilMs; slot += 1) {
    const trade = tradeInSlot(serialNumber, slot);
    if (!trade || trade.at < fromMs || trade.at >= untilMs) continue;
    if (trade.kind === "reversal") {
      totals.reversals_count += 1;
      totals.reversals_amount += trade.amount;
      continue;
    }
    totals.purchases_count += 1;
    totals.purchases_amount += trade.amount + trade.tip;
    totals.tip_amount += trade.tip;
  }
  totals.sale_amount = totals.purchases_amount - totals.tip_amount - totals.reversals_amount;
  return totals;
}

/** The totals of trade, and the instant of the first. */
export interface TradeSince extends DayTotals {
  oldestMs: number | undefined;
}

/**
 * Counts the trade since an instant. A later question about the same instant counts only what is new since the last one:
 * a batch may be open for months.
 */
export class TradeCounter {
  readonly #serialNumber: string;
  #from = Number.NaN;
  #until = Number.NaN;
  #trade: TradeSince | undefined;

  constructor(serialNumber: string) {
    this.#serialNumber = serialNumber;
  }

  /** The same totals as those of `dayTotals`. */
  between(fromMs: number, untilMs: number): TradeSince {
    const known = fromMs === this.#from && untilMs >= this.#until ? this.#trade : undefined;
    const from = known ? this.#until : fromMs;
    const more = dayTotals(this.#serialNumber, from, untilMs);
    const oldestMs = known?.oldestMs ?? firstTrade(this.#serialNumber, from, untilMs, more);
    this.#from = fromMs;
    this.#until = Math.max(fromMs, untilMs);
    this.#trade = { ...(known ? sum(known, more) : more), oldestMs };
    return this.#trade;
  }
}

/** Adds two totals. */
export function sum(one: DayTotals, other: DayTotals): DayTotals {
  return {
    purchases_count: one.purchases_count + other.purchases_count,
    purchases_amount: one.purchases_amount + other.purchases_amount,
    reversals_count: one.reversals_count + other.reversals_count,
    reversals_amount: one.reversals_amount + other.reversals_amount,
    tip_amount: one.tip_amount + other.tip_amount,
    sale_amount: one.sale_amount + other.sale_amount,
  };
}

function firstTrade(serialNumber: string, fromMs: number, untilMs: number, totals: DayTotals): number | undefined {
  if (totals.purchases_count + totals.reversals_count === 0) return undefined;
  for (let slot = Math.floor(fromMs / slotMs); slot * slotMs < untilMs; slot += 1) {
    const at = tradeInSlot(serialNumber, slot)?.at;
    if (at !== undefined && at >= fromMs && at < untilMs) return at;
  }
  return undefined;
}

interface Trade {
  kind: "purchase" | "reversal";
  at: number;
  amount: number;
  tip: number;
}

/** Returns the trade of one slot; undefined for a slot without one. */
export function tradeInSlot(serialNumber: string, slot: number): Trade | undefined {
  const random = seededRandom(`${serialNumber}:${slot}`);
  const at = slot * slotMs + Math.floor(random() * slotMs);
  const kind = random();
  if (kind >= purchaseShare + reversalShare) return undefined;
  // Many small amounts, few large ones: 29.00 to about 1 500.00.
  const amount = 2900 + 10 * Math.floor(14_700 * random() ** 3);
  if (kind >= purchaseShare) return { kind: "reversal", at, amount, tip: 0 };
  const tip = random() < tippedShare ? 100 * Math.ceil((amount / 100) * (0.05 + random() / 10)) : 0;
  return { kind: "purchase", at, amount, tip };
}

/**
 * Returns a generator of numbers in [0, 1). A text gives the same sequence in every process and version: FNV-1a, then
 * mulberry32.
 */
export function seededRandom(text: string): () => number {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
