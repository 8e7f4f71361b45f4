import { textOf } from "../../app/search.ts";

/** What the address says of the list: the filters, and the entry behind which the page begins. Times are those of the person's device. */
export interface AuditSearch {
  actor?: string;
  action?: string;
  subject?: string;
  from?: string;
  to?: string;
  after?: string;
}

const names = ["actor", "action", "subject", "from", "to", "after"] as const;

/** Takes the filters from an address. What means nothing is left out, so that an old link still opens. */
export function auditSearch(given: Record<string, unknown>): AuditSearch {
  const search: AuditSearch = {};
  for (const name of names) {
    const text = textOf(given[name]);
    const isTime = name === "from" || name === "to";
    if (text !== undefined && !(isTime && instantOf(text) === undefined)) search[name] = text;
  }
  return search;
}

/** A time of the person's device as an instant. */
export function instantOf(local: string | undefined): string | undefined {
  if (local === undefined) return undefined;
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
