import { currencyExponent } from "@tillkeeper/contract/currencies";
import {
  type ClosingFigure,
  type ClosingTotals,
  type Comparison,
  closingFigureNames,
  type Difference,
  type ExpectedTotals,
} from "@tillkeeper/contract/http/closing-schemas";

/** The figures of one batch in one currency. */
export type BatchFigures = { currency: string } & { [figure in ClosingFigure]?: number | undefined };

/**
 * Adds batches up, each currency for itself. A figure that a batch does not tell, or a sum that is no whole number in JSON any
 * more, is named in `incomplete`.
 */
export function addUp(batches: readonly BatchFigures[]): ClosingTotals[] {
  return sumsByCurrency(batches).map(({ count, ...sums }) => ({ ...sums, batches_count: count }));
}

/** As `addUp`, with the number of batches beside the figures. */
export function sumsByCurrency(batches: readonly BatchFigures[]) {
  return [...Map.groupBy(batches, ({ currency }) => currency)]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, list]) => ({
      currency,
      exponent: currencyExponent(currency),
      count: list.length,
      ...sumsOf(list),
    }));
}

function sumsOf(batches: readonly BatchFigures[]): Omit<ClosingTotals, "currency" | "exponent" | "batches_count"> {
  const sums: { [figure in ClosingFigure]?: number } = {};
  const incomplete: ClosingFigure[] = [];
  for (const figure of closingFigureNames) {
    const told = batches.flatMap((batch) => batch[figure] ?? []);
    const sum = Number(told.reduce((total, value) => total + BigInt(value), 0n));
    const exact = Number.isSafeInteger(sum);
    if (told.length > 0 && exact) sums[figure] = sum;
    if (told.length < batches.length || !exact) incomplete.push(figure);
  }
  return { ...sums, ...(incomplete.length > 0 && { incomplete }) };
}

/**
 * The till's figures beside the totals. `settled`: no terminal is still to be closed. Only figures that the till sent are
 * compared; a currency of terminals that it does not name differs from nothing.
 */
export function compare(
  expected: readonly ExpectedTotals[],
  totals: readonly ClosingTotals[],
  { settled }: { settled: boolean },
): Comparison {
  const differences: Difference[] = [];
  let undecided = !settled;
  for (const { currency, ...figures } of expected) {
    const total = totals.find((one) => one.currency === currency);
    for (const figure of closingFigureNames) {
      const told = figures[figure];
      if (told === undefined) continue;
      // Without a batch in the currency nothing was sold in it.
      const actual = total ? total[figure] : 0;
      if (total?.incomplete?.includes(figure)) undecided = true;
      if (actual === told) continue;
      differences.push({
        currency,
        figure,
        expected: told,
        ...(actual !== undefined && { actual, difference: actual - told }),
      });
    }
  }
  const state = undecided ? "undecided" : differences.length > 0 ? "differs" : "agrees";
  return { state, differences };
}
