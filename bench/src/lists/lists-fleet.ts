/** An account to seed. The two accounts of the benchmark differ only in size and share one database. */
export interface Fleet {
  accountId: string;
  clientId: string;
  stores: number;
  terminals: number;
  /** First digit of all serial numbers; differs by account, because a serial number is live in one account only. */
  serialDigit: number;
}

export const small: Fleet = {
  accountId: "T99000002",
  clientId: "bench-small",
  stores: 1_000,
  terminals: 10_000,
  serialDigit: 2,
};
export const large: Fleet = {
  accountId: "T99000003",
  clientId: "bench-large",
  stores: 100_000,
  terminals: 1_000_000,
  serialDigit: 3,
};
/** First digit of no serial number and no organization number in either account. */
export const unusedDigit = "7";

/** Primes that share no factor with a power of ten, so that each row number gets its own digits. */
export const serialStride = 7_368_787;
export const organizationStride = 48_271;

/** Payout destination of half of the stores; each other destination has about ten stores. */
export const mainDestination = "PDMAIN";
/** The store with this number has the word in its name, and so in the search text of its ten terminals. */
export const rareStore = { number: 501, word: "Fjellheisen" };
/** Word in the search text of nearly every store and terminal. */
export const commonWord = "Butikk";
/** Among this share of the rows, the oldest, a quarter have the old model or the old name. */
export const oldShare = 0.4;
export const oldModel = "P400";
export const oldWord = "Kiosk";

/** Number of payout destinations besides the main destination. */
export function destinations(fleet: Fleet): number {
  return fleet.stores / 20;
}
