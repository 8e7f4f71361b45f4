/** An account of a certain size. Two of them, alike in everything else, lie in one database. */
export interface Fleet {
  accountId: string;
  clientId: string;
  stores: number;
  terminals: number;
  /** First digit of all its serial numbers: a device is live in one account only. */
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
/** No serial number and no organization number of either begins with it. */
export const unusedDigit = "7";

/** Primes that share no factor with a power of ten, so that each number gets digits of its own. */
export const serialStride = 7_368_787;
export const organizationStride = 48_271;

/** Half of the stores are paid to this one; each of the others has about ten stores. */
export const mainDestination = "PDMAIN";
/** The one store with this number, and so its ten terminals, has this in its name. */
export const rareStore = { number: 501, word: "Fjellheisen" };
/** Found in nearly every store, and so in nearly every terminal's search text. */
export const commonWord = "Butikk";
/** Of these four tenths of the numbers, the oldest, a quarter have the old model or the old name. */
export const oldShare = 0.4;
export const oldModel = "P400";
export const oldWord = "Kiosk";

/** How many payout destinations there are besides the main one. */
export function destinations(fleet: Fleet): number {
  return fleet.stores / 20;
}
