import { createHash } from "node:crypto";
import type { ReportChange } from "@tillkeeper/contract/http/closing-reports";
import { type Closing, closingFigureNames } from "@tillkeeper/contract/http/closing-schemas";
import type { Reported } from "../closings/reading/report-facts.ts";

/** What a report keeps: the closing as it was shown then, with what a page of it needs. */
export interface ReportBody {
  closing: Closing;
  store_name: string | null;
  /** ISO 3166-1 alpha-2: numbers and dates are written as there. */
  country: string | null;
  /** Every batch that the totals add up. */
  batches: Reported["batches"];
}

/** What a report made now keeps. */
export function bodyOf({ closing, batches, store }: Reported): ReportBody {
  return { closing, store_name: store.store_name, country: store.country ?? null, batches };
}

/** The digest of the stored text. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

type Told = string | number | undefined;

/**
 * The facts of the day that differ between two reports. Left out are fields that change without telling about the day: sentences, who asked, and
 * what is open now.
 */
export function changesBetween(before: ReportBody, after: ReportBody): ReportChange[] {
  const [old, now] = [factsOf(before), factsOf(after)];
  const keys = [...new Set([...old.keys(), ...now.keys()])];
  return keys.flatMap((key) => {
    const [from, to] = [old.get(key)?.told, now.get(key)?.told];
    if (from === to) return [];
    const about = (now.get(key) ?? old.get(key))?.about ?? { what: key };
    return [{ ...about, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }];
  });
}

interface Fact {
  about: Omit<ReportChange, "from" | "to">;
  told: Told;
}

/** Every fact of a report by a key of its own, in the order in which changes are told. */
function factsOf({ closing, batches }: ReportBody): Map<string, Fact> {
  const facts = new Map<string, Fact>();
  const add = (about: Fact["about"], told: Told, id = "") => {
    const { what, terminal_id: terminal, currency } = about;
    facts.set(JSON.stringify([what, terminal, currency, id]), { about, told });
  };
  add({ what: "state" }, closing.state);
  add({ what: "comparison" }, closing.comparison?.state);
  add({ what: "expected" }, closing.expected && shortOf(closing.expected));
  add({ what: "batches_without_totals" }, closing.batches_without_totals);
  for (const { currency, batches_count: count, incomplete, ...total } of closing.totals) {
    add({ what: "batches_count", currency }, count);
    for (const figure of closingFigureNames) add({ what: figure, currency }, total[figure]);
    add({ what: "incomplete", currency }, incomplete?.join(", "));
  }
  for (const { terminal_id, state, reason, close } of closing.terminals) {
    add({ what: "terminal_state", terminal_id }, state);
    add({ what: "reason", terminal_id }, reason);
    add({ what: "close", terminal_id }, close?.id);
  }
  for (const { terminal_id, id, result } of batches) add({ what: "batch", terminal_id }, namedBatch(result, id), id);
  return facts;
}

/** The batch's own id, and a digest of its figures when it is compared. */
function namedBatch(result: Reported["batches"][number]["result"], id: string): string {
  return `${result?.batch_id ?? id} ${shortOf(result ?? null)}`;
}

/** Eight digits that differ when the value does, whatever the order of its fields. */
function shortOf(value: object | null): string {
  const sorted = JSON.stringify(value, (_key, part: unknown) =>
    part && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
  return digestOf(sorted).slice(0, 8);
}
