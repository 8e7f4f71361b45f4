/** Digits of a Unix time in milliseconds, microseconds and nanoseconds; of a time without separators, with as many digits of a second. */
const unixLengths: ReadonlySet<number> = new Set([13, 16, 19]);
const calendarLengths: ReadonlySet<number> = new Set([14, 17, 20]);
/** From 2020 on; in 2031 the times come that the numbers of a scheme (GPN, 1946) begin with. */
const [firstSecond, lastSecond] = [1_577_836_800, 1_945_999_999];
const [firstYear, lastYear] = [2020, 2039];

/**
 * Whether the digits from `first` to before `until`, which stand together and beside no other digit, are a time:
 * `1782723600123456`, or `20260629090000123`. In these lengths and this narrow a range no scheme has numbers.
 */
export function readsAsTime(values: Uint8Array, first: number, until: number): boolean {
  if (unixLengths.has(until - first)) {
    const seconds = numberAt(values, first, 10);
    return seconds >= firstSecond && seconds <= lastSecond;
  }
  if (!calendarLengths.has(until - first)) return false;
  const year = numberAt(values, first, 4);
  if (year < firstYear || year > lastYear) return false;
  const [month, day] = [numberAt(values, first + 4, 2), numberAt(values, first + 6, 2)];
  if (month < 1 || month > 12 || day < 1 || day > 31) return false;
  return (
    numberAt(values, first + 8, 2) < 24 && numberAt(values, first + 10, 2) < 60 && numberAt(values, first + 12, 2) <= 60
  );
}

function numberAt(values: Uint8Array, first: number, digits: number): number {
  let number = 0;
  for (let at = first; at < first + digits; at += 1) number = number * 10 + (values[at] as number);
  return number;
}
