const star = 0x2a;
/** Lengths of card numbers (ISO/IEC 7812). */
export const shortest = 13;
const longest = 19;
/** What may be left to read of each masked place, and how many digits must then be hidden between. */
const [shownFirst, shownLast, leastHidden] = [6, 4, 6];

/**
 * Masks the digits of one run: their values, and where in the text they are; answers how many places it masked.
 *
 * Any 13 to 19 digits in a row are taken for a card number when they pass the Luhn check and may begin one, wherever
 * in the run they stand: terminals write numbers next to lengths, tags and dates, so where one begins cannot be told. What
 * overlaps is masked as one place. Of a place the first six and last four digits stay, the most that PCI DSS 3.4.1 lets be
 * shown; a place that contains a number shows no more of it, because it begins no later and ends no sooner. Where fewer than
 * six digits would be hidden then, they could be found by trying: only the last four stay.
 */
export function maskDigits(text: Uint8Array, values: Uint8Array, places: Int32Array): number {
  const found = findPlaces(values);
  for (const { first, last } of found) {
    const shows = last - first + 1 - shownFirst - shownLast >= leastHidden ? shownFirst : 0;
    for (let digit = first + shows; digit <= last - shownLast; digit += 1) text[places[digit] as number] = star;
  }
  return found.length;
}

/** No number begins with 0. Those of 13 digits are Visa's old ones and Maestro's; times in milliseconds begin otherwise. */
function mayBegin(value: number, length: number): boolean {
  return length > shortest ? value !== 0 : value >= 4 && value <= 6;
}

interface Place {
  first: number;
  last: number;
}

/** Where the digits look like card numbers; what overlaps is one place. */
function findPlaces(values: Uint8Array): Place[] {
  const sums = luhnSums(values);
  const found: Place[] = [];
  // From the end, so that each number found reaches back at least as far as it can.
  for (let last = values.length - 1; last >= shortest - 1; last -= 1) {
    const first = earliestFirst(values, sums, last);
    if (first === undefined) continue;
    const later = found.at(-1);
    if (later && later.first <= last) later.first = Math.min(later.first, first);
    else found.push({ first, last });
  }
  return found;
}

/** Where the longest number begins that ends at `last`. */
function earliestFirst(values: Uint8Array, sums: LuhnSums, last: number): number | undefined {
  // Counted from the check digit, every second digit is doubled.
  const sum = last % 2 === 0 ? sums.odd : sums.even;
  for (let length = Math.min(longest, last + 1); length >= shortest; length -= 1) {
    const first = last - length + 1;
    const sumOfAll = (sum[last + 1] as number) - (sum[first] as number);
    if (sumOfAll % 10 === 0 && mayBegin(values[first] as number, length)) return first;
  }
  return undefined;
}

/** Sums of all digits before each place, with the digits at odd places doubled, and with those at even ones. */
interface LuhnSums {
  odd: Uint32Array;
  even: Uint32Array;
}

function luhnSums(values: Uint8Array): LuhnSums {
  const odd = new Uint32Array(values.length + 1);
  const even = new Uint32Array(values.length + 1);
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as number;
    const doubled = value > 4 ? value * 2 - 9 : value * 2;
    odd[at + 1] = (odd[at] as number) + (at % 2 === 1 ? doubled : value);
    even[at + 1] = (even[at] as number) + (at % 2 === 0 ? doubled : value);
  }
  return { odd, even };
}
