import type { Db } from "../../db/db.ts";
import { retried } from "../../db/retry.ts";
import type { Clock } from "../../platform/clock.ts";
import type { ClosingKey, ClosingRecord } from "../queries.ts";
import {
  factsOf,
  findClosings,
  insertAttempts,
  type Look,
  type NewAttempt,
  noteAccepted,
  noteLooks,
} from "../sql/advance.ts";
import { type Facts, freeze } from "../standing/facts.ts";
import { byClosing, type Member, type Moment, membersOf, momentOf } from "../standing/standing.ts";
import { type Attempt, type SendDeps, sendAttempts } from "./attempts.ts";
import { toldOf } from "./told.ts";

export interface AdvanceDeps extends SendDeps {
  clock: Clock;
  /** Real time, as presence counts it. */
  presenceClock: { realNow(): Date };
}

/** A closing with its terminals, as they were read at a moment. */
export interface Stand {
  closing: ClosingRecord;
  members: Member[];
}

type MemberOf = Pick<Member, "row"> & { closing: ClosingRecord };

/** Attempts are written down and sent in one round; a further one sees what was refused at once. */
const mostRounds = 4;
const soonMs = 1_000;

/**
 * Makes the function that carries closings forward: what can be closed now gets an `end_of_day`, and the time of the next look
 * is written down. It may run for one closing anywhere at once and any number of times: an attempt is written down before it is
 * sent, its number once, and sent under its own idempotency key. Answers how the closings stand after that, as far as nothing
 * is left to be done at once. Each key may come once.
 */
export function createAdvance(deps: AdvanceDeps): (keys: readonly ClosingKey[]) => Promise<Stand[]> {
  return async (keys) => {
    const still: Stand[] = [];
    for (let round = 1; keys.length > 0; round += 1) {
      const moment = await momentOf(deps.db.sql, deps);
      const stands = await readStands(deps, keys, moment);
      const [busy, quiet] = [stands.filter(isBusy), stands.filter((stand) => !isBusy(stand))];
      // A busy closing is written in the round that finds it quiet; until then it stays due, in case this server dies.
      const last = round === mostRounds;
      await settle(deps.db, last ? stands : quiet, moment);
      still.push(...quiet);
      if (last) break;
      await closeMembers(deps, busy, moment);
      keys = busy.map(({ closing }) => ({ accountId: closing.account_id, id: closing.id }));
    }
    return still;
  };
}

async function readStands(deps: AdvanceDeps, keys: readonly ClosingKey[], moment: Moment): Promise<Stand[]> {
  const { db } = deps;
  const closings = await findClosings(db, keys);
  let facts = await factsOf(db, keys);
  if (await findAccepted(deps, facts)) facts = await factsOf(db, keys);
  const rows = byClosing(facts);
  return closings.map((closing) => ({ closing, members: membersOf(closing, rows.get(closing.id) ?? [], moment) }));
}

/** Finds operations of attempts that their server did not note before it died. Answers whether there were any. */
async function findAccepted({ db, cancel }: AdvanceDeps, facts: readonly Facts[]): Promise<boolean> {
  const open = facts.filter(({ attempts }) => attempts.some(({ operation_id: id }) => id === null));
  const wanted = new Map(open.map(({ account_id: accountId, closing_id: id }) => [id, { accountId, id: id ?? "" }]));
  const noted = await noteAccepted(db.pool, [...wanted.values()]);
  await Promise.all(
    noted.map(async ({ accountId, operationId, refused }) => {
      if (refused === "cancelled") await cancel({ accountId, operationId, by: "system" });
    }),
  );
  return noted.length > 0;
}

function isBusy({ members }: Stand): boolean {
  return members.some(({ standing: { next } }) => next === "plan" || next === "send");
}

/** Writes down the attempts that are due and sends them, with those that were written down before and not sent. */
async function closeMembers(deps: AdvanceDeps, busy: readonly Stand[], moment: Moment): Promise<void> {
  const members = busy.flatMap((stand) => stand.members.map((member) => ({ ...member, closing: stand.closing })));
  const due = (what: "plan" | "send") => members.filter(({ standing }) => standing.next === what);
  const plans = due("plan").map((member) => planned(member, moment.now));
  const written = await retried(() => insertAttempts(deps.db.pool, plans));
  const keyOf = new Map(written.map((row) => [nameOf(row), row.request_key]));
  const fresh = plans.flatMap((plan): Attempt[] => {
    const key = keyOf.get(nameOf({ closing_id: plan.id, terminal_id: plan.terminalId, n: plan.n }));
    return key === undefined ? [] : [{ ...plan, key }];
  });
  const earlier = due("send").map(({ row, closing }): Attempt => {
    const attempt = row.attempts.at(-1) as (typeof row.attempts)[0];
    return {
      accountId: closing.account_id,
      id: closing.id,
      terminalId: row.terminal_id,
      n: attempt.n,
      askedBy: attempt.asked_by,
      whenBusy: attempt.when_busy,
      key: attempt.request_key,
      expectedClose: attempt.expected_close,
    };
  });
  await sendAttempts(deps, [...earlier, ...fresh]);
}

function nameOf(row: { closing_id: string; terminal_id: string; n: number }): string {
  return `${row.closing_id} ${row.terminal_id} ${row.n}`;
}

/** The next attempt of a terminal. */
export function planned({ row, closing }: MemberOf, at: Date): NewAttempt {
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

/**
 * Writes when each closing is looked at next. One in which nothing waits has ended, and what was so is kept; after that a look only
 * tells others what has changed.
 */
async function settle(db: Db, stands: readonly Stand[], moment: Moment): Promise<void> {
  const looks = stands.map(({ closing, members }): Look => {
    const { account_id: accountId, id, asked_at: askedAt } = closing;
    const key = { accountId, id, askedAt, at: moment.now, told: toldOf(closing, members) };
    if (closing.ended_at !== null) return { ...key, lookAt: null };
    if (members.some(({ standing }) => standing.state === "waiting"))
      return { ...key, lookAt: nextLook(members, closing, moment.now) };
    const frozen = Object.fromEntries(members.map(({ row }) => [row.terminal_id, freeze(row, moment)]));
    return { ...key, lookAt: null, ended: { at: moment.now, frozen } };
  });
  await retried(() => noteLooks(db.pool, looks));
}

/** The earliest time that a terminal names; work that is under way is looked at soon. The end of trying is such a time, too. */
export function nextLook(members: readonly Member[], closing: ClosingRecord, now: Date): Date {
  const soon = new Date(now.getTime() + soonMs);
  const times = members.flatMap(({ standing: { next } }) =>
    next === undefined ? [] : [next instanceof Date ? next : soon],
  );
  if (closing.retry_until > now) times.push(closing.retry_until);
  return new Date(Math.min(...times.map((time) => time.getTime())));
}
