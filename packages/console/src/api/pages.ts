import { type UseQueryOptions, useQueries, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

/** A page of a list, newest first, and whether the server has rows behind it. */
export interface ListPage<Row> {
  rows: readonly Row[];
  hasMore: boolean;
}

/** The pages of a list that were read, as one list. */
export interface Pages<Row> {
  /** Undefined until the first page is there. */
  data: { rows: readonly Row[]; hasMore: boolean } | undefined;
  error: Error | null;
  /** When the oldest of what can be seen was read. */
  dataUpdatedAt: number;
  isError: boolean;
  refetch: () => void;
  /** To be told which rows can be seen: a further page is read before its rows are reached. */
  onReach: (first: number, last: number) => void;
}

/** So many rows before the end the next page is read. */
const early = 40;
/** The second page begins behind this row of the first, which has room for new ones then. */
const ofFirst = 50;

interface Read {
  list: string;
  /** The rows behind which the pages begin. */
  afters: readonly string[];
  seen: readonly [number, number];
}

/**
 * A long list, read page by page as the list is scrolled. Each page is a query, and those are followed whose rows can be seen: an event has one or
 * two read anew, however long the list has become. A first page that has lost sight of the second begins the list anew.
 */
export function usePages<Row>(
  list: string,
  query: (after: string | undefined) => UseQueryOptions<ListPage<Row>>,
  keyOf: (row: Row) => string,
): Pages<Row> {
  const client = useQueryClient();
  const [state, setState] = useState<Read>({ list, afters: [], seen: [0, 0] });
  const { afters, seen } = state.list === list ? state : { afters: [], seen: [0, 0] as const };
  const queries = [undefined, ...afters].map(query);
  const cached = queries.map(({ queryKey }) => client.getQueryData<ListPage<Row>>(queryKey ?? []));
  const starts = startsOf(cached, afters, keyOf);
  const followed = queries.flatMap((_, at) => (isSeen(starts, at, seen) ? [at] : []));
  const results = useQueries({ queries: followed.map((at) => queries[at] ?? query(undefined)) });
  const pages = cached.map((page, at) => results[followed.indexOf(at)]?.data ?? page);
  const rows = pages.flatMap((page, at) => ownRows(page, pages[at + 1], afters[at], keyOf));
  const end = pages.at(-1);
  const lost = pages.findIndex((page, at) => hasLost(page, pages[at + 1], afters[at], keyOf));
  const next = end?.hasMore === true && seen[1] >= rows.length - early ? nextOf(end, afters, keyOf) : undefined;
  const data = pages[0] && { rows, hasMore: end?.hasMore ?? true };
  // With other filters the rows stay until there are others.
  const before = useRef(data);
  useEffect(() => {
    if (data) before.current = data;
    if (lost >= 0) setState({ list, afters: afters.slice(0, lost), seen });
    else if (next !== undefined) setState({ list, afters: [...afters, next], seen });
  });
  const failed = results.find(({ isError }) => isError);
  return {
    data: data ?? (failed ? undefined : before.current),
    error: failed?.error ?? null,
    dataUpdatedAt: Math.min(...results.map(({ dataUpdatedAt }) => dataUpdatedAt)),
    isError: failed !== undefined,
    refetch: () => results.forEach((one) => void one.refetch()),
    onReach: (first, last) => {
      if (first !== seen[0] || last !== seen[1]) setState({ list, afters, seen: [first, last] });
    },
  };
}

type KeyOf<Row> = (row: Row) => string;
type Known<Row> = ListPage<Row> | undefined;

/** The rows of a page up to those of the next one. */
function ownRows<Row>(
  page: Known<Row>,
  next: Known<Row>,
  nextAfter: string | undefined,
  keyOf: KeyOf<Row>,
): readonly Row[] {
  if (page === undefined) return [];
  if (nextAfter === undefined) return page.rows;
  const end = page.rows.findIndex((row) => keyOf(row) === nextAfter);
  if (end >= 0) return page.rows.slice(0, end + 1);
  // The row between them is gone.
  const others = new Set(next?.rows.map(keyOf));
  return page.rows.filter((row) => !others.has(keyOf(row)));
}

/** Whether there may be rows between a page and the next one that neither has. */
function hasLost<Row>(page: Known<Row>, next: Known<Row>, nextAfter: string | undefined, keyOf: KeyOf<Row>): boolean {
  if (page === undefined || next === undefined || !page.hasMore) return false;
  const met = new Set([nextAfter, ...next.rows.map(keyOf)]);
  return !page.rows.some((row) => met.has(keyOf(row)));
}

/** The row behind which the next page begins. */
function nextOf<Row>({ rows }: ListPage<Row>, afters: readonly string[], keyOf: KeyOf<Row>): string | undefined {
  const row = afters.length === 0 ? (rows[ofFirst - 1] ?? rows.at(-1)) : rows.at(-1);
  return row && keyOf(row);
}

/** The number of each page's first row; after the last one, that of all rows. */
function startsOf<Row>(pages: readonly Known<Row>[], afters: readonly string[], keyOf: KeyOf<Row>): number[] {
  let sum = 0;
  return [0, ...pages.map((page, at) => (sum += ownRows(page, pages[at + 1], afters[at], keyOf).length))];
}

/** Whether rows of a page can be seen, or it has none yet. */
function isSeen(starts: readonly number[], at: number, [first, last]: readonly [number, number]): boolean {
  const [start = 0, end = 0] = starts.slice(at, at + 2);
  return start === end || (start <= last && end > first);
}
