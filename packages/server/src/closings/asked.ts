import type { ExpectedTotals } from "@tillkeeper/contract/http/closing-schemas";
import type { ClosingCreate } from "@tillkeeper/contract/http/closings";
import type { ErrorDetail } from "@tillkeeper/contract/http/errors";
import { limits } from "@tillkeeper/contract/limits";
import type { WhenBusy } from "@tillkeeper/contract/operations";
import type { Tx } from "../db/db.ts";
import type { DayRules, StoreDays } from "../merchants/stores/days.ts";
import { invalidRequest } from "../platform/errors.ts";
import { businessDayOf, endOf, startOf } from "./business-day.ts";
import type { Facts } from "./facts.ts";
import { findClosingOfDay } from "./queries.ts";
import { factsOfStore } from "./sql/facts.ts";
import { type Moment, oldestOpen } from "./standing.ts";

/** A request to close a store, with all that was left out filled in. */
export interface Asked {
  accountId: string;
  by: string;
  at: Date;
  day: string;
  startsAt: Date;
  endsAt: Date;
  retryUntil: Date | undefined;
  /** The end of the running business day. */
  mostUntil: Date;
  whenBusy: WhenBusy | undefined;
  again: boolean;
  /** The request names terminals. */
  named: boolean;
  expected: ExpectedTotals[] | undefined;
  /** The terminals of the store, and whether the request asks for them. */
  terminals: { id: string; wanted: boolean }[];
}

interface AskedFor {
  accountId: string;
  clientId: string;
  store: StoreDays;
  body: ClosingCreate;
}

/** Checks a request to close a store, and fills in what was left out. Throws `invalid_request`. */
export async function askedOf(tx: Tx, { accountId, clientId, store, body }: AskedFor, moment: Moment): Promise<Asked> {
  const { rules } = store;
  const faults: ErrorDetail[] = [];
  const running = businessDayOf(moment.now, rules);
  const rows = await storeFacts(tx, { accountId, store, day: running }, moment);
  const day = body.business_day ?? (await defaultDay(tx, { accountId, store, rows, running }, moment));
  const startsAt = startOf(day, rules);
  if (body.business_day !== undefined) faults.push(...dayFaults(day, { startsAt, running, rules }));
  const mostUntil = endOf(running, rules);
  const retryUntil = body.retry_until === undefined ? undefined : new Date(body.retry_until);
  if (retryUntil && retryUntil > mostUntil) {
    faults.push({
      path: "/body/retry_until",
      message: `is after the running business day, which ends at ${mostUntil.toISOString()}`,
    });
  }
  const live = new Set(rows.map((row) => row.terminal_id));
  for (const [index, id] of (body.terminals ?? []).entries()) {
    if (!live.has(id)) faults.push({ path: `/body/terminals/${index}`, message: "is no terminal of this store" });
  }
  faults.push(...currencyFaults(body.expected ?? []));
  if (faults.length > 0 || !startsAt) throw invalidRequest(...faults);
  const named = body.terminals && new Set(body.terminals);
  return {
    accountId,
    by: clientId,
    at: moment.now,
    day,
    startsAt,
    endsAt: endOf(day, rules),
    retryUntil,
    mostUntil,
    whenBusy: body.when_busy,
    again: body.again === true,
    named: named !== undefined,
    expected: body.expected,
    terminals: [...live].map((id) => ({ id, wanted: !named || named.has(id) })),
  };
}

/** The facts of a store's terminals as a closing of that day, asked for now, would find them. */
export async function storeFacts(
  tx: Tx,
  {
    accountId,
    store,
    day,
    closingId = null,
  }: { accountId: string; store: StoreDays; day: string; closingId?: string | null },
  { now }: Moment,
): Promise<Facts[]> {
  const { rows } = await factsOfStore({
    account_id: accountId,
    closing_id: closingId,
    asked_at: now,
    again: false,
    store_ref: store.id,
    day_starts_at: startOf(day, store.rules) as Date,
    day_ends_at: endOf(day, store.rules),
  }).execute(tx);
  return rows;
}

/**
 * The day that a request means which names none (D31): the one in which the oldest open batch began, where terminals tell it, else
 * the running one. Once somebody asked for the running one, it is that: a terminal that comes back in the evening with something
 * older must not make the second request close another day than the first.
 */
export async function defaultDay(
  tx: Tx,
  { accountId, store, rows, running }: { accountId: string; store: StoreDays; rows: readonly Facts[]; running: string },
  moment: Moment,
): Promise<string> {
  const oldest = oldestOpen(rows, moment);
  if (!oldest) return running;
  const day = businessDayOf(oldest, store.rules);
  if (day >= running || isTooOld(day, running)) return running;
  return (await findClosingOfDay(tx, { accountId, storeRef: store.id, day: running })) ? running : day;
}

const dayMs = 86_400_000;

function isTooOld(day: string, running: string): boolean {
  return Date.parse(running) - Date.parse(day) > limits.closingDaysBack * dayMs;
}

/** Why a business day that a request names cannot be closed. */
export function dayFaults(
  day: string,
  { startsAt, running, rules }: { startsAt: Date | undefined; running: string; rules: DayRules },
): ErrorDetail[] {
  const path = "/body/business_day";
  if (!startsAt) return [{ path, message: `is no day in ${rules.timeZone}, which skipped it` }];
  if (day > running) return [{ path, message: `has not begun; the running business day is ${running}` }];
  if (isTooOld(day, running)) return [{ path, message: `is more than ${limits.closingDaysBack} days ago` }];
  return [];
}

function currencyFaults(expected: readonly ExpectedTotals[]): ErrorDetail[] {
  return expected.flatMap(({ currency }, index) =>
    expected.findIndex((other) => other.currency === currency) < index
      ? [{ path: `/body/expected/${index}/currency`, message: "comes twice" }]
      : [],
  );
}
