import { standingOf } from "@tillkeeper/contract/closings/rules";
import type { Standing } from "@tillkeeper/contract/closings/standing";
import type { ClosingPreview } from "@tillkeeper/contract/http/closing-schemas";
import { inTenant } from "../../db/tenants/tenant.ts";
import { invalidRequest } from "../../platform/errors.ts";
import { documentedTime } from "../../platform/timestamps.ts";
import { dayFaults, defaultDay, storeFacts } from "../asking/asked.ts";
import { businessDayOf, endOf, startOf } from "../days/business-day.ts";
import { findClosingOfDay } from "../queries.ts";
import { type Facts, openSince, standingBatch, terminalFacts } from "../standing/facts.ts";
import { momentOf } from "../standing/standing.ts";
import { alsoOpenOf, presentBatch, showClosingStep } from "./present.ts";
import { openStore, type ReadDeps } from "./read.ts";
import { previewText } from "./text.ts";
import { sumsByCurrency } from "./totals.ts";

type Would = ClosingPreview["terminals"][0]["would"];
const wouldOf = {
  closed: "leave",
  already_closed: "leave",
  not_needed: "leave",
  failed: "ask",
  unknown: "ask",
} as const;

/**
 * Shows the open batches of a store, and what a closing would do; it closes nothing. Throws `store_not_found`, `invalid_request`.
 */
export function previewClosing(
  deps: ReadDeps,
  { accountId, storeId, day: wanted }: { accountId: string; storeId: string; day: string | undefined },
): Promise<ClosingPreview> {
  return inTenant(deps.db, accountId, async (tx) => {
    const moment = await momentOf(tx, deps);
    const store = await openStore(tx, { accountId, storeId }, moment);
    const { rules } = store;
    const running = businessDayOf(moment.now, rules);
    const startsAt = startOf(wanted ?? running, rules);
    const faults = wanted === undefined ? [] : dayFaults(wanted, { startsAt, running, rules });
    if (faults.length > 0) throw invalidRequest(...faults.map((fault) => ({ ...fault, path: "/query/business_day" })));
    const mostUntil = endOf(running, rules);
    const further = { again: false, named: false, mostUntil };
    const ofRunning = await storeFacts(tx, { accountId, store, day: running }, moment);
    const day = wanted ?? (await defaultDay(tx, { accountId, store, rows: ofRunning, running, further }, moment));
    const closing = await findClosingOfDay(tx, { accountId, storeRef: store.id, day });
    const rows = await storeFacts(tx, { accountId, store, day, closingId: closing?.id ?? null }, moment);
    const until = { endsAt: endOf(day, rules), retryUntil: mostUntil };
    const members = rows.map((row) => {
      const facts = terminalFacts(row, moment);
      return { row, facts, standing: standingOf(facts, { now: moment.now, cancelled: false, ...until }) };
    });
    const terminals = members.map(({ row, standing }) => {
      const { state, reason, step } = standing;
      const batch = standingBatch(row);
      const would: Would = state === "waiting" ? (isPlanned(standing) ? "close" : "wait") : wouldOf[state];
      return {
        terminal_id: row.terminal_id,
        would,
        ...(reason !== undefined && would !== "close" && { reason }),
        ...(would !== "close" && showClosingStep({ step })),
        ...(batch && { open_batch: { ...presentBatch(batch), at: documentedTime(new Date(batch.at)) } }),
      };
    });
    const count = (would: Would) => terminals.filter((terminal) => terminal.would === would).length;
    const alsoOpen = alsoOpenOf(members, { rules, day });
    return {
      store_id: store.store_id,
      business_day: day,
      day_starts_at: documentedTime(startOf(day, rules) as Date),
      day_ends_at: documentedTime(until.endsAt),
      time_zone: rules.timeZone,
      at: documentedTime(moment.now),
      text: previewText({ close: count("close"), wait: count("wait"), leave: count("leave"), ask: count("ask") }),
      ...openOf(rows),
      terminals,
      ...(closing && { closing_id: closing.id }),
      ...(alsoOpen.length > 0 && { also_open: alsoOpen }),
    };
  });
}

/** Whether it is closed at once, or in a moment, with nothing under way yet. */
function isPlanned({ reason, close, next }: Standing): boolean {
  return reason === "closing" && close === undefined && next !== "send";
}

/** The open batches, as far as terminals tell them. */
function openOf(rows: readonly Facts[]) {
  const open = rows.flatMap((row) => standingBatch(row)?.value ?? []);
  const oldest = rows.flatMap((row) => openSince(row)?.getTime() ?? []);
  return {
    open: sumsByCurrency(open.flatMap(({ currencies }) => currencies ?? [])).map(({ count: _count, ...sums }) => sums),
    transactions_count: open.reduce((sum, batch) => sum + batch.transactions_count, 0),
    ...(oldest.length > 0 && { oldest_at: documentedTime(new Date(Math.min(...oldest))) }),
    silent_count: rows.filter(({ batch }) => !batch).length,
  };
}
