import type { AttemptRefusal } from "@tillkeeper/contract/closings/facts";
import type { ErrorCode } from "@tillkeeper/contract/http/errors";
import type { Db } from "../db/db.ts";
import type { Accept } from "../operations/accept.ts";
import { CloseMoved } from "../operations/close-moved.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { listeningSince } from "../presence/watch/watch.ts";
import { type Facts, freeze } from "./facts.ts";
import {
  type AttemptOutcome,
  type ClosingKey,
  type ClosingRow,
  findClosings,
  insertAttempts,
  type Kept,
  type Look,
  type NewAttempt,
  noteAccepted,
  noteLooks,
  noteOutcomes,
  readFacts,
} from "./queries.ts";
import { byClosing, type Member, type Moment, membersOf } from "./standing.ts";

/** An operation of a closing that was cancelled, and by whom. */
export interface OperationToCancel {
  accountId: string;
  operationId: string;
  by: string;
}

export interface AdvanceDeps {
  db: Db;
  clock: Clock;
  /** Real time, as presence counts it. */
  presenceClock: { realNow(): Date };
  accept: Accept;
  /** Cancels an operation, unless it has ended. */
  cancel: (operation: OperationToCancel) => Promise<void>;
}

/** A closing with its terminals. */
interface Stand {
  closing: ClosingRow;
  members: Member[];
}

/** Attempts that are written down in one round are sent in the next; a further one sees what was refused at once. */
const mostRounds = 4;
const soonMs = 1_000;

/**
 * Makes the function that carries closings forward: what can be closed now gets an `end_of_day`, and the time of the next look
 * is written down. It may run for one closing anywhere at once and any number of times: an attempt is written down before it is
 * sent, its number once, and sent under its own idempotency key.
 */
export function createAdvance(deps: AdvanceDeps): (keys: readonly ClosingKey[]) => Promise<void> {
  return async (keys) => {
    for (let round = 1; keys.length > 0; round += 1) {
      const moment = await momentOf(deps);
      const stands = await readStands(deps, keys, moment);
      const busy = stands.filter(({ members }) => members.some(hasWork));
      await settle(deps.db, stands, moment);
      if (busy.length === 0 || round === mostRounds) return;
      const members = busy.flatMap((stand) => stand.members.map((member) => ({ ...member, closing: stand.closing })));
      await insertAttempts(
        deps.db.sql,
        members.flatMap((member) => (member.standing.next === "plan" ? [planned(member, moment.now)] : [])),
      );
      await send(
        deps,
        members.filter(({ standing }) => standing.next === "send"),
      );
      keys = busy.map(({ closing }) => ({ accountId: closing.account_id, id: closing.id }));
    }
  };
}

async function momentOf({ db, clock, presenceClock }: AdvanceDeps): Promise<Moment> {
  const realNow = presenceClock.realNow();
  return { now: clock.now(), realNow, listeningSince: await listeningSince(db.sql, realNow) };
}

async function readStands(deps: AdvanceDeps, keys: readonly ClosingKey[], moment: Moment): Promise<Stand[]> {
  const { db } = deps;
  const closings = await findClosings(db.sql, keys);
  let facts = await readFacts(db.sql, keys);
  const open = facts.filter(({ attempts }) => attempts.some(({ operation_id: id }) => id === null));
  if (open.length > 0 && (await findAccepted(deps, closings, open))) facts = await readFacts(db.sql, keys);
  const rows = byClosing(facts);
  return closings.map((closing) => ({ closing, members: membersOf(closing, rows.get(closing.id) ?? [], moment) }));
}

/** Finds operations of attempts that their server did not note before it died. Answers whether there were any. */
async function findAccepted(
  { db, cancel }: AdvanceDeps,
  closings: readonly ClosingRow[],
  open: readonly Facts[],
): Promise<boolean> {
  const ids = new Set(open.map(({ closing_id: id }) => id));
  const wanted = closings.filter(({ id }) => ids.has(id));
  const noted = await noteAccepted(
    db.sql,
    wanted.map(({ account_id: accountId, id }) => ({ accountId, id })),
  );
  await Promise.all(
    noted.map(async ({ accountId, operationId, refused }) => {
      if (refused === "cancelled") await cancel({ accountId, operationId, by: "system" });
    }),
  );
  return noted.length > 0;
}

function hasWork({ standing: { next } }: Member): boolean {
  return next === "plan" || next === "send";
}

function planned({ row, closing }: Member & { closing: ClosingRow }, at: Date): NewAttempt {
  return {
    accountId: closing.account_id,
    id: closing.id,
    terminalId: row.terminal_id,
    n: (row.attempts.at(-1)?.n ?? 0) + 1,
    askedBy: closing.asked_by,
    whenBusy: closing.when_busy,
    // Not before the request that it is made for, whose server may be ahead by a moment.
    at: new Date(Math.max(at.getTime(), row.asked_at?.getTime() ?? 0)),
    expectedClose: row.last_close,
  };
}

/** Asks for the operations of attempts, all at once, and notes what came of it. */
async function send(deps: AdvanceDeps, members: (Member & { closing: ClosingRow })[]): Promise<void> {
  const sent = await Promise.allSettled(members.map((member) => attempt(deps.accept, member)));
  const cancelled = await noteOutcomes(
    deps.db.sql,
    sent.flatMap((one) => (one.status === "fulfilled" && one.value ? [one.value] : [])),
  );
  await Promise.all(cancelled.map((operation) => deps.cancel(operation)));
  // What was accepted is noted, whatever went wrong with another.
  const failure = sent.find(({ status }) => status === "rejected");
  if (failure?.status === "rejected") throw failure.reason;
}

/** Refusals that end an attempt. After the others it is sent again later, under the same key. */
const refusals: Partial<Record<ErrorCode, AttemptRefusal>> = {
  operation_not_allowed: "not_allowed",
  operation_unsupported: "unsupported",
  terminal_not_found: "gone",
};

async function attempt(
  accept: Accept,
  { row, closing }: Member & { closing: ClosingRow },
): Promise<AttemptOutcome | undefined> {
  const {
    n,
    request_key: idempotencyKey,
    expected_close: expectedClose,
    asked_by: clientId,
    when_busy: whenBusy,
  } = row.attempts.at(-1) as (typeof row.attempts)[0];
  const outcome = (operationId: string | null, refused: AttemptRefusal | null): AttemptOutcome => {
    return { accountId: closing.account_id, id: closing.id, terminalId: row.terminal_id, n, operationId, refused };
  };
  try {
    const { operation } = await accept({
      accountId: closing.account_id,
      clientId,
      idempotencyKey,
      expectedClose,
      body: {
        terminal_id: row.terminal_id,
        operation: "end_of_day",
        ...(whenBusy !== null && { when_busy: whenBusy }),
      },
    });
    return outcome(operation.id, null);
  } catch (error) {
    if (error instanceof CloseMoved) return outcome(null, "close_moved");
    if (!(error instanceof ApiError)) throw error;
    const refused = refusals[error.code];
    return refused && outcome(null, refused);
  }
}

/** Writes when each closing is looked at next. One in which nothing waits has ended, and what was so is kept. */
async function settle(db: Db, stands: readonly Stand[], moment: Moment): Promise<void> {
  const open = stands.filter(({ closing }) => closing.ended_at === null);
  if (open.length === 0) return;
  const looks: Look[] = [];
  const kept: Kept[] = [];
  for (const { closing, members } of open) {
    const key = { accountId: closing.account_id, id: closing.id };
    const ended = members.every(({ standing }) => standing.state !== "waiting");
    const lookAt = ended ? null : nextLook(members, closing, moment.now);
    looks.push({ ...key, askedAt: closing.asked_at, lookAt, endedAt: ended ? moment.now : null });
    if (!ended) continue;
    for (const { row } of members) kept.push({ ...key, terminalId: row.terminal_id, frozen: freeze(row, moment) });
  }
  await noteLooks(db.sql, looks, kept);
}

/** The earliest time that a terminal names; work that is under way is looked at soon. The end of trying is such a time, too. */
function nextLook(members: readonly Member[], closing: ClosingRow, now: Date): Date {
  const soon = new Date(now.getTime() + soonMs);
  const times = members.flatMap(({ standing: { next } }) =>
    next === undefined ? [] : [next instanceof Date ? next : soon],
  );
  if (closing.retry_until > now) times.push(closing.retry_until);
  return new Date(Math.min(...times.map((time) => time.getTime())));
}
