import { lengthsOf, longest, shortest } from "./card-schemes.ts";

const star = 0x2a;
/** Digits that stay readable at either end of a masked place, and how many must then be hidden between them. */
const [shownFirst, shownLast, leastHidden] = [6, 4, 6];

/**
 * Masks card numbers in the digits of one run. `values` are the digits, `places` their positions in `text`. Returns how
 * many places it masked.
 *
 * Digits are taken for a card number when beginning and length fit a scheme and the Luhn check passes. They may stand
 * anywhere in the run: terminals write numbers next to lengths, tags and dates, so a number's first digit cannot be
 * told. Overlapping numbers are masked as one place.
 *
 * The first six and last four digits of a place stay, the most that PCI DSS 3.4.1 allows to be shown. A place contains
 * its numbers whole, so of each of them no more is shown. When fewer than six digits would be hidden, they could be
 * found by trying; then only the last four stay.
 */
export function maskDigits(text: Uint8Array, values: Uint8Array, places: Int32Array): number {
  const found = findPlaces(values);
  for (const { first, last } of found) {
    const shows = last - first + 1 - shownFirst - shownLast >= leastHidden ? shownFirst : 0;
    for (let digit = first + shows; digit <= last - shownLast; digit += 1) text[places[digit] as number] = star;
  }
  return found.length;
}

interface MaskedPlace {
  first: number;
  last: number;
}

/** Finds the places that look like card numbers; overlapping ones are merged. */
function findPlaces(values: Uint8Array): MaskedPlace[] {
  const found: MaskedPlace[] = [];
  let sums: LuhnSums | undefined;
  let beginning = 0;
  for (let first = 0; first + shortest <= values.length; first += 1) {
    beginning =
      first === 0
        ? (values[0] as number) * 1000 +
          (values[1] as number) * 100 +
          (values[2] as number) * 10 +
          (values[3] as number)
        : (beginning % 1000) * 10 + (values[first + 3] as number);
    const lengths = lengthsOf[beginning] as number;
    if (lengths === 0) continue;
    sums ??= luhnSums(values);
    const last = latestLast(values.length, sums, first, lengths);
    if (last === undefined) continue;
    const before = found.at(-1);
    if (before && before.last >= first) before.last = Math.max(before.last, last);
    else found.push({ first, last });
  }
  return found;
}

/** Last digit of the longest number that begins at `first`. */
function latestLast(digits: number, sums: LuhnSums, first: number, lengths: number): number | undefined {
  for (let length = Math.min(longest, digits - first); length >= shortest; length -= 1) {
    if ((lengths & (1 << length)) === 0) continue;
    const last = first + length - 1;
    // Counted from the check digit, every second digit is doubled.
    const sum = last % 2 === 0 ? sums.odd : sums.even;
    if (((sum[last + 1] as number) - (sum[first] as number)) % 10 === 0) return last;
  }
  return undefined;
}

/**
 * Prefix sums of a run's digits, with the digits at odd places doubled, and with those at even places doubled. All runs
 * share the arrays: no code runs in between that could fill them anew.
 */
const sumsOfRun = { odd: new Uint32Array(0), even: new Uint32Array(0) };
type LuhnSums = typeof sumsOfRun;

function luhnSums(values: Uint8Array): LuhnSums {
  if (sumsOfRun.odd.length <= values.length) {
    sumsOfRun.odd = new Uint32Array(2 * values.length + 1);
    sumsOfRun.even = new Uint32Array(2 * values.length + 1);
  }
  const { odd, even } = sumsOfRun;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as number;
    const doubled = value > 4 ? value * 2 - 9 : value * 2;
    odd[at + 1] = (odd[at] as number) + (at % 2 === 1 ? doubled : value);
    even[at + 1] = (even[at] as number) + (at % 2 === 0 ? doubled : value);
  }
  return sumsOfRun;
}
