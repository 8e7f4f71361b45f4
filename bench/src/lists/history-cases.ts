import type { HistorySample } from "./history-seed.ts";

const pageSize = 50;
const path = "/v1/admin/terminals/operations";

export interface HistoryCase {
  name: string;
  /** Returns path and query of request number `step`. */
  path(sample: HistorySample, step: number): string;
  /** Number of operations in the answer; pages of different sizes would not be equal work. */
  rows: "a full page" | "one" | "none";
}

type Query = Record<string, string>;

function page(
  name: string,
  query: (sample: HistorySample, step: number) => Query,
  rows: HistoryCase["rows"] = "a full page",
): HistoryCase {
  return {
    name,
    rows,
    path: (sample, step) =>
      `${path}?${new URLSearchParams({ limit: String(pageSize), ...query(sample, step) }).toString()}`,
  };
}

function pick(values: readonly string[], step: number): string {
  return values[step % values.length] as string;
}

export const historyCases: HistoryCase[] = [
  page("first page", () => ({})),
  page("a page deep down", ({ deep }) => ({ starting_after: deep })),
  page("terminal_id", ({ terminalIds }, step) => ({ terminal_id: pick(terminalIds, step) })),
  page("store_id", ({ storeIds }, step) => ({ store_id: pick(storeIds, step) })),
  page("status, most", () => ({ status: "COMPLETED" })),
  page("status, 1 in 50", () => ({ status: "TIMEOUT" })),
  page("status, none", () => ({ status: "PENDING" }), "none"),
  page("operation, 1 in 10", () => ({ operation: "send_logs" })),
  page("operation, none", () => ({ operation: "end_of_day" }), "none"),
  page("created_at, months ago", ({ from, to }) => ({ "created_at.gte": from, "created_at.lte": to })),
  page("operation_id", ({ operationIds }, step) => ({ operation_id: pick(operationIds, step) }), "one"),
  { name: "one operation", rows: "one", path: ({ operationIds }, step) => `${path}/${pick(operationIds, step)}` },
];

/** Throws when the answer does not hold the number of operations that the case expects. */
export function checkAnswer({ name, rows }: HistoryCase, body: string): void {
  const answer = JSON.parse(body) as unknown;
  const found = Array.isArray(answer) ? answer.length : 1;
  if (found !== { "a full page": pageSize, one: 1, none: 0 }[rows]) {
    throw new Error(`${name}: ${found} operations, not ${rows}`);
  }
}
