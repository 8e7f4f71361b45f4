import type { ExpectedTotals } from "@tillkeeper/contract/http/closing-schemas";
import type { ClosingCreate } from "@tillkeeper/contract/http/closings";
import type { ErrorDetail } from "@tillkeeper/contract/http/errors";
import { limits } from "@tillkeeper/contract/limits";
import type { WhenBusy } from "@tillkeeper/contract/operations";
import type { Tx } from "../../db/db.ts";
import type { DayRules, StoreDays } from "../../merchants/stores/days.ts";
import { invalidRequest } from "../../platform/errors.ts";
import { dayMs } from "../../platform/time-spans.ts";
import { businessDayOf, endOf, startOf } from "../days/business-day.ts";
import { findClosingOfDay, findGone, readFacts } from "../queries.ts";
import { factsOfStores } from "../sql/facts.ts";
import type { Facts } from "../standing/facts.ts";
import { type Moment, membersOf, openBatches } from "../standing/standing.ts";
import { type Further, isMissing } from "./missing.ts";

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
  /**
   * The terminals of the store, and those that it had when they were closed on that day (`isHere` is false); and whether the
   * request asks for them.
   */
  terminals: { id: string; wanted: boolean; isHere: boolean }[];
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
  const mostUntil = endOf(running, rules);
  const named = body.terminals && new Set(body.terminals);
  const again = body.again === true;
  const day =
    body.business_day ??
    (await defaultDay(tx, { accountId, store, rows, running, further: { again, named: !!named, mostUntil } }, moment));
  const startsAt = startOf(day, rules);
  if (body.business_day !== undefined) faults.push(...dayFaults(day, { startsAt, running, rules }));
  const live = rows.map((row) => row.terminal_id);
  faults.push(...bodyFaults(body, { live, mostUntil }));
  if (faults.length > 0 || !startsAt) throw invalidRequest(...faults);
  const bounds = await boundsBeside(
    tx,
    { accountId, storeRef: store.id, day },
    { startsAt, endsAt: endOf(day, rules) },
  );
  const gone = await findGone(tx, { accountId, storeRef: store.id, ...bounds });
  return {
    accountId,
    by: clientId,
    at: moment.now,
    day,
    ...bounds,
    mostUntil,
    again,
    ...wishesOf(body),
    terminals: [
      ...live.map((id) => ({ id, wanted: !named || named.has(id), isHere: true })),
      ...gone.map((id) => ({ id, wanted: !named, isHere: false })),
    ],
  };
}

/** What a request says that needs nothing else. */
export function wishesOf({ retry_until: until, when_busy: whenBusy, terminals, expected }: ClosingCreate) {
  return {
    retryUntil: until === undefined ? undefined : new Date(until),
    whenBusy,
    named: terminals !== undefined,
    expected,
  };
}

/** The faults of a request, beside those of its day. `live`: the terminals of the store. */
export function bodyFaults(
  body: ClosingCreate,
  { live, mostUntil }: { live: readonly string[]; mostUntil: Date },
): ErrorDetail[] {
  const faults: ErrorDetail[] = [];
  if (body.retry_until !== undefined && new Date(body.retry_until) > mostUntil) {
    faults.push({
      path: "/body/retry_until",
      message: `is after the running business day, which ends at ${mostUntil.toISOString()}`,
    });
  }
  const known = new Set(live);
  for (const [index, id] of (body.terminals ?? []).entries()) {
    if (!known.has(id)) faults.push({ path: `/body/terminals/${index}`, message: "is no terminal of this store" });
  }
  return [...faults, ...currencyFaults(body.expected ?? [])];
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
  const bounds = { startsAt: startOf(day, store.rules) as Date, endsAt: endOf(day, store.rules) };
  const { rows } = await factsOfStores(accountId, now, [{ closingId, storeRef: store.id, ...bounds }]).execute(tx);
  return rows;
}

interface Open {
  accountId: string;
  store: StoreDays;
  rows: readonly Facts[];
  /** The running business day. */
  running: string;
  further: Further;
}

/**
 * The day in which the oldest open batch began, where terminals tell it, else the running one (D31). A batch that began after its
 * terminal had been closed for that day is left to the next day, unless the request asks to close again. Once a request has asked for
 * the running day, it is the running day: a terminal that comes back in the evening with an older batch must not make the second request
 * close another day than the first.
 */
export async function defaultDay(
  tx: Tx,
  { accountId, store, rows, running, further }: Open,
  moment: Moment,
): Promise<string> {
  const days = Map.groupBy(openBatches(rows, moment), ({ oldestAt }) => businessDayOf(oldestAt, store.rules));
  if (days.size === 0 || (await findClosingOfDay(tx, { accountId, storeRef: store.id, day: running }))) return running;
  for (const [day, batches] of [...days].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (day >= running || isTooOld(day, running)) continue;
    const closing = await findClosingOfDay(tx, { accountId, storeRef: store.id, day });
    if (!closing) return day;
    const members = membersOf(closing, await readFacts(tx, accountId, [closing.id]), moment);
    const isOpen = batches.some(({ terminalId }) => {
      const member = members.find(({ row }) => row.terminal_id === terminalId);
      return !member || member.standing.state === "waiting" || isMissing(closing, member, further, moment);
    });
    if (isOpen) return day;
  }
  return running;
}

/**
 * The bounds of a day's closing. Days follow on each other: where the store's configuration has changed since the closing of a day
 * beside it was made, the bound of that closing counts, so that no close belongs to two days or to none.
 */
async function boundsBeside(
  tx: Tx,
  { accountId, storeRef, day }: { accountId: string; storeRef: string; day: string },
  { startsAt, endsAt }: { startsAt: Date; endsAt: Date },
): Promise<{ startsAt: Date; endsAt: Date }> {
  const beside = (days: number) => {
    const name = new Date(Date.parse(day) + days * dayMs).toISOString().slice(0, 10);
    return findClosingOfDay(tx, { accountId, storeRef, day: name });
  };
  const bounds = {
    startsAt: (await beside(-1))?.day_ends_at ?? startsAt,
    endsAt: (await beside(1))?.day_starts_at ?? endsAt,
  };
  return bounds.startsAt < bounds.endsAt ? bounds : { startsAt, endsAt };
}

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
