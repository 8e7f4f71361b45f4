import type { ClosingState } from "@tillkeeper/contract/closings/states";
import {
  type ClosingFigure,
  type ClosingSummary,
  type ClosingTotals,
  closingFigureNames,
} from "@tillkeeper/contract/http/closing-schemas";
import type { AccountClosingList } from "@tillkeeper/contract/http/closings";
import { type ClosingQuery, getClosings } from "../closings/reading/read.ts";
import { addUp } from "../closings/reading/totals.ts";
import type { ReportDeps } from "./make.ts";

/** Most closings that a request reads, and how many of them at a time. */
const most = 1_000;
const atOnce = 100;

interface AccountQuery extends ClosingQuery {
  status?: ClosingState;
}

/**
 * The closings of an account, newest first. A state is derived and no column, so a filter by it reads on until the page is full; a
 * page may come out short, with the place from which it goes on. Of one business day the first page has sums.
 */
export async function getAccountClosings(
  deps: ReportDeps,
  accountId: string,
  { status, ...query }: AccountQuery,
): Promise<AccountClosingList> {
  const summed = query.business_day !== undefined && query.starting_after === undefined;
  if (status === undefined && !summed) return getClosings(deps, accountId, query);
  const found: ClosingSummary[] = [];
  // For the sums all rows are read, not only the page's.
  const enough = summed ? most : query.limit + 1;
  let next = query.starting_after;
  for (let read = 0; read < most && found.length < enough; read += atOnce) {
    const part = await getClosings(deps, accountId, { ...query, limit: atOnce, ...(next && { starting_after: next }) });
    found.push(...part.closings.filter(({ state }) => status === undefined || state === status));
    next = part.starting_after;
    if (next === undefined) break;
  }
  const closings = found.slice(0, query.limit);
  const after = found.length > query.limit ? closings.at(-1)?.id : next;
  return {
    closings,
    ...(after !== undefined && { starting_after: after }),
    ...(summed && {
      sums: { closings_count: found.length, totals: sumOf(found.flatMap(({ totals }) => totals)), complete: !next },
    }),
  };
}

/** Adds up sums, each currency for itself. */
export function sumOf(totals: readonly ClosingTotals[]): ClosingTotals[] {
  return addUp(totals).map((sum) => {
    const ofCurrency = totals.filter(({ currency }) => currency === sum.currency);
    const missing = new Set<ClosingFigure>([
      ...(sum.incomplete ?? []),
      ...ofCurrency.flatMap(({ incomplete }) => incomplete ?? []),
    ]);
    const { incomplete: _, ...rest } = sum;
    return {
      ...rest,
      batches_count: ofCurrency.reduce((count, total) => count + total.batches_count, 0),
      ...(missing.size > 0 && { incomplete: closingFigureNames.filter((figure) => missing.has(figure)) }),
    };
  });
}
