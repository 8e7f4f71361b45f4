import { lengthsOf, longest, shortest } from "./card-schemes.ts";

const star = 0x2a;
/** What may be left to read of each masked place, and how many digits must then be hidden between. */
const [shownFirst, shownLast, leastHidden] = [6, 4, 6];

/**
 * Masks the digits of one run: their values, and where in the text they are; answers how many places it masked.
 *
 * Digits in a row are taken for a card number when a scheme's numbers begin like this and are as long, and they pass the Luhn
 * check. They may stand anywhere in the run: terminals write numbers next to lengths, tags and dates, so where one begins cannot be
 * told. What overlaps is masked as one place. Of a place the first six and last four digits stay, the most that PCI DSS 3.4.1
 * lets be shown; a place that contains a number shows no more of it, because it begins no later and ends no sooner. Where fewer
 * than six digits would be hidden then, they could be found by trying: only the last four stay.
 */
export function maskDigits(text: Uint8Array, values: Uint8Array, places: Int32Array): number {
  const found = findPlaces(values);
  for (const { first, last } of found) {
    const shows = last - first + 1 - shownFirst - shownLast >= leastHidden ? shownFirst : 0;
    for (let digit = first + shows; digit <= last - shownLast; digit += 1) text[places[digit] as number] = star;
  }
  return found.length;
}

interface Place {
  first: number;
  last: number;
}

/** Where the digits look like card numbers; what overlaps is one place. */
function findPlaces(values: Uint8Array): Place[] {
  const found: Place[] = [];
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

/** Where the longest number ends that begins at `first`. */
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
 * Sums of all digits before each place, with the digits at odd places doubled, and with those at even ones. They are used
 * again for each run: nothing is waited for between filling and reading them.
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
