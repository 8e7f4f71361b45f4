import { eventTypes } from "@tillkeeper/contract/events";
import { unclosedDays } from "../closings/standing/unclosed.ts";
import type { Db } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import { type EventRow, lastPlace, readNews } from "../events/read.ts";
import type { Clock, RealClock } from "../platform/clock.ts";
import { dayMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";
import { mailPlace, type NoticedDay, noticeDays, setMailPlace } from "./queries.ts";

export interface MailDeps {
  db: Db;
  clock: Clock;
  presenceClock: Pick<RealClock, "realNow">;
}

const everyMs = 1_000;
const mostAtOnce = 1_000;
const ofClosings = eventTypes.filter((type) => type.startsWith("store_closing_"));
/** Events older than this are not mailed any more: mail was off, or no server ran. */
const oldestMs = dayMs;

/**
 * Reads events in their order and notices business days that were not closed. The place is written after that: a server that dies has
 * another one notice the same days again, which changes nothing. Mail that is set up begins with what comes from then on.
 */
export function noticingWorker(deps: MailDeps): Worker {
  const { db, clock } = deps;
  return every("mail.notice", everyMs, async () => {
    const known = await mailPlace(db.sql);
    const from = known ?? (await lastPlace(db.pool));
    const { events, place, hasMore } = await readNews(db.pool, from, { types: ofClosings, limit: mostAtOnce });
    const oldest = clock.now().getTime() - oldestMs;
    const accounts = Map.groupBy(
      events.filter(({ at }) => at.getTime() > oldest),
      ({ account_id: accountId }) => accountId,
    );
    for (const [accountId, ofAccount] of accounts) await notice(deps, accountId, ofAccount);
    if (place !== known) await setMailPlace(db.sql, { known, place });
    return hasMore;
  });
}

async function notice({ db, ...clocks }: MailDeps, accountId: string, events: readonly EventRow[]): Promise<void> {
  const now = clocks.clock.now();
  const missed = events.flatMap((event) => missedDay(event));
  const ids = new Set(events.flatMap(({ type, subject }) => (type === "store_closing_missed" ? [] : [subject])));
  await inTenant(db, accountId, async (tx) => {
    const ended = await unclosedDays(tx, clocks, { accountId, ids: [...ids] });
    // The mail waits for the end of the time to try: until then a terminal may come back, or a further request may close it.
    const days = ended.map(({ until, ...day }): NoticedDay => ({ ...day, at: now, lookAt: until > now ? until : now }));
    await noticeDays(tx, [...missed, ...days]);
  });
}

function missedDay({ type, account_id: accountId, store_ref: storeRef, data, at }: EventRow): NoticedDay[] {
  const { business_day: day } = (data ?? {}) as { business_day?: string };
  if (type !== "store_closing_missed" || storeRef === null || day === undefined) return [];
  return [{ accountId, storeRef, day, at, lookAt: at }];
}
