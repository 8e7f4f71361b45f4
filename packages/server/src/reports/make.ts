import { findReported, type Reported } from "../closings/reading/report-facts.ts";
import type { Db, Tx } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import { dayMs } from "../platform/time-spans.ts";
import { bodyOf, changesBetween, digestOf, type ReportBody } from "./body.ts";
import {
  findReport,
  insertReport,
  lockNumbers,
  type ReportKey,
  type ReportRow,
  type WholeReportRow,
} from "./queries.ts";

export interface ReportDeps {
  db: Db;
  clock: Clock;
  presenceClock: { realNow(): Date };
}

/** How long after its end a day is corrected by itself: later results are not told any more. */
const correctedForMs = 35 * dayMs;

/** A report, or what it would say if it were made now. */
export interface ShownReport {
  /** Undefined: it is provisional. */
  head?: ReportRow;
  /** When it was made; of a provisional one the moment of the request. */
  at: Date;
  body: ReportBody;
}

/**
 * Brings the reports of a closing up to date: makes the original once the day is over and nothing is waiting, and a correction when
 * the day shows otherwise than the latest report. Any number of servers may do it at once. Answers the report that then stands, if the closing
 * exists.
 */
export function bringUpToDate(deps: ReportDeps, key: ReportKey): Promise<ShownReport | undefined> {
  return inTenant(deps.db, key.accountId, async (tx) => {
    const seen = await look(tx, deps, key);
    if (!isMissing(seen, deps.clock.now())) return shownNow(seen, deps.clock.now());
    // Read again under the lock.
    const last = await lockNumbers(tx, key);
    const sure = await look(tx, deps, key);
    if (!isMissing(sure, deps.clock.now())) return shownNow(sure, deps.clock.now());
    return make(tx, deps, key, { ...sure, number: last + 1 });
  });
}

interface Seen {
  reported: Reported | undefined;
  latest: WholeReportRow | undefined;
}

type Missing = Seen & { reported: Reported };

async function look(tx: Tx, deps: ReportDeps, key: ReportKey): Promise<Seen> {
  return { reported: await findReported(tx, deps, key), latest: await findReport(tx, key) };
}

/** Whether a report is to be made. */
function isMissing(seen: Seen, now: Date): seen is Missing {
  const { reported, latest } = seen;
  if (!reported?.row.ended_at || reported.row.day_ends_at > now) return false;
  if (!latest) return true;
  if (now.getTime() - reported.row.day_ends_at.getTime() > correctedForMs) return false;
  return changesBetween(readBody(latest), bodyOf(reported)).length > 0;
}

async function make(
  tx: Tx,
  { clock }: ReportDeps,
  key: ReportKey,
  { reported, latest, number }: Missing & { number: number },
): Promise<ShownReport> {
  const body = bodyOf(reported);
  const text = JSON.stringify(body);
  const head: ReportRow = {
    number,
    closing_id: key.id,
    corrects: latest?.number ?? null,
    made_at: clock.now(),
    sha256: digestOf(text),
    changes: latest ? changesBetween(readBody(latest), body) : [],
  };
  const { closing_id: _, ...rest } = head;
  await insertReport(tx, key, { ...rest, body: text, business_day: reported.row.business_day });
  return { head, at: head.made_at, body };
}

function shownNow({ reported, latest }: Seen, now: Date): ShownReport | undefined {
  return latest ? shownOf(latest) : reported && { at: now, body: bodyOf(reported) };
}

/** A stored report. */
export function shownOf(row: WholeReportRow): ShownReport {
  const { body: _, ...head } = row;
  return { head, at: row.made_at, body: readBody(row) };
}

function readBody({ body }: Pick<WholeReportRow, "body">): ReportBody {
  return JSON.parse(body) as ReportBody;
}
