import type { Instant, Period } from "./history.ts";

/** Returns the milliseconds between `from` and `to` that lie in the periods, which must be ordered and disjoint. */
export function timeWithin(periods: readonly Period[], from: Instant, to: Instant): number {
  let sum = 0;
  for (let at = firstEndingAfter(periods, from); at < periods.length; at += 1) {
    const period = periods[at] as Period;
    if (period.from >= to) break;
    sum += Math.max(0, Math.min(period.to, to) - Math.max(period.from, from));
  }
  return sum;
}

function firstEndingAfter(periods: readonly Period[], instant: Instant): number {
  let [least, most] = [0, periods.length];
  while (least < most) {
    const middle = (least + most) >> 1;
    if ((periods[middle] as Period).to > instant) most = middle;
    else least = middle + 1;
  }
  return least;
}

/** Returns the periods in order; periods that touch or overlap become one, empty periods are dropped. */
export function merged(periods: readonly Period[]): Period[] {
  const result: Period[] = [];
  for (const { from, to } of periods.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else if (to > from) result.push({ from, to });
  }
  return result;
}

/** Returns the parts of the periods that lie in none of the `others`, in order. */
export function without(periods: readonly Period[], others: readonly Period[]): Period[] {
  const gaps = merged(others);
  return merged(periods).flatMap((period) => {
    const left: Period[] = [];
    let { from } = period;
    for (const gap of gaps) {
      if (gap.to <= from || gap.from >= period.to) continue;
      if (gap.from > from) left.push({ from, to: gap.from });
      from = gap.to;
    }
    if (from < period.to) left.push({ from, to: period.to });
    return left;
  });
}

/** Returns the parts of the periods that also lie in one of the `others`, in order. */
export function within(periods: readonly Period[], others: readonly Period[]): Period[] {
  const always = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
  return without(periods, without([always], others));
}
