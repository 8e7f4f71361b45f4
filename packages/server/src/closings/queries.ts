import type { AttemptRefusal } from "@tillkeeper/contract/closings/facts";
import type { WhenBusy } from "@tillkeeper/contract/operations";
import { type Kysely, type Selectable, sql } from "kysely";
import { batchTable } from "../db/batch-table.ts";
import { retried } from "../db/retry.ts";
import type { Tables } from "../db/tables/schema.ts";
import type { Facts, Frozen } from "./facts.ts";
import { factsOfClosings } from "./sql/facts.ts";

/** Names a closing. */
export interface ClosingKey {
  accountId: string;
  id: string;
}

/** A closing's row, with the `store_id` that its store has now. */
export type ClosingRow = Omit<Selectable<Tables["closings"]>, "business_day"> & {
  business_day: string;
  store_id: string;
};

const columns = sql`
  closing.account_id, closing.id, closing.store_ref, closing.business_day::text as business_day, closing.day_starts_at,
  closing.day_ends_at, closing.time_zone, closing.created_at, closing.created_by, closing.asked_at, closing.asked_by,
  closing.retry_until, closing.when_busy, closing.expected, closing.look_at, closing.ended_at, closing.cancelled_at,
  closing.cancelled_by, stores.store_id`;
const withStore = sql`
  closings as closing join stores on stores.account_id = closing.account_id and stores.id = closing.store_ref`;

/** Finds a closing of a store. */
export async function findClosing(
  db: Kysely<Tables>,
  { accountId, id }: ClosingKey,
  storeRef: string,
): Promise<ClosingRow | undefined> {
  const { rows } = await sql<ClosingRow>`
    select ${columns} from ${withStore}
    where closing.account_id = ${accountId} and closing.id = ${id} and closing.store_ref = ${storeRef}`.execute(db);
  return rows[0];
}

interface DayOfStore {
  accountId: string;
  storeRef: string;
  day: string;
}

/** Finds the closing of a business day. */
export async function findClosingOfDay(
  db: Kysely<Tables>,
  { accountId, storeRef, day }: DayOfStore,
): Promise<ClosingRow | undefined> {
  const { rows } = await sql<ClosingRow>`
    select ${columns} from ${withStore}
    where closing.account_id = ${accountId} and closing.store_ref = ${storeRef} and closing.business_day = ${day}::date`.execute(
    db,
  );
  return rows[0];
}

/** The terminals that were closed, or are being closed, in a store in that time and do not belong to it any more. */
export async function findGone(
  db: Kysely<Tables>,
  { accountId, storeRef, startsAt, endsAt }: { accountId: string; storeRef: string; startsAt: Date; endsAt: Date },
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select distinct operations.terminal_id as id
    from operations
    join terminals on terminals.account_id = operations.account_id and terminals.terminal_id = operations.terminal_id
    where operations.account_id = ${accountId} and operations.store_ref = ${storeRef} and operations.operation = 'end_of_day'
      and operations.id >= tillkeeper_lowest_id(${startsAt}) and operations.id < tillkeeper_lowest_id(${endsAt})
      and (operations.status in ('PENDING', 'COMPLETED') or operations.late_result is not null)
      and (terminals.store_ref <> ${storeRef} or terminals.status = 'DELETED')`.execute(db);
  return rows.map(({ id }) => id);
}

/** As `findClosingOfDay`, and locks the closing until the transaction ends. */
export async function lockClosing(db: Kysely<Tables>, key: DayOfStore): Promise<ClosingRow | undefined> {
  await sql`
    select from closings
    where account_id = ${key.accountId} and store_ref = ${key.storeRef} and business_day = ${key.day}::date
    for no key update`.execute(db);
  return findClosingOfDay(db, key);
}

/** What a list of closings is narrowed to. */
export interface ClosingFilter {
  storeRef?: string | undefined;
  day?: string | undefined;
  below?: string | undefined;
  limit: number;
}

/** Newest first: ids are ordered by time. */
export async function listClosings(
  db: Kysely<Tables>,
  accountId: string,
  { storeRef, day, below, limit }: ClosingFilter,
): Promise<ClosingRow[]> {
  const conditions = [
    sql`closing.account_id = ${accountId}`,
    ...(storeRef === undefined ? [] : [sql`closing.store_ref = ${storeRef}`]),
    ...(day === undefined ? [] : [sql`closing.business_day = ${day}::date`]),
    ...(below === undefined ? [] : [sql`closing.id < ${below}`]),
  ];
  const { rows } = await sql<ClosingRow>`
    select ${columns} from ${withStore}
    where ${sql.join(conditions, sql` and `)}
    order by closing.id desc
    limit ${limit}`.execute(db);
  return rows;
}

const keys = batchTable<ClosingKey>({
  account_id: ["text", (key) => key.accountId],
  id: ["uuid", (key) => key.id],
});

/** Closings by their keys, of any account. */
export async function findClosings(db: Kysely<Tables>, wanted: readonly ClosingKey[]): Promise<ClosingRow[]> {
  const { rows } = await sql<ClosingRow>`
    select ${columns} from ${withStore}
    join ${keys.of(wanted, "wanted")} on wanted.account_id = closing.account_id and wanted.id = closing.id`.execute(db);
  return rows;
}

/** The facts of all terminals of these closings. */
export async function readFacts(db: Kysely<Tables>, wanted: readonly ClosingKey[]): Promise<Facts[]> {
  const which = sql`(closing.account_id, closing.id) in (select wanted.account_id, wanted.id from ${keys.of(wanted, "wanted")})`;
  return (await factsOfClosings(which).execute(db)).rows;
}

/** An attempt that is to be written down. */
export interface NewAttempt extends ClosingKey {
  terminalId: string;
  n: number;
  at: Date;
  askedBy: string;
  whenBusy: WhenBusy | null;
  expectedClose: string | null;
}

const attempts = batchTable<NewAttempt>({
  account_id: ["text", (row) => row.accountId],
  closing_id: ["uuid", (row) => row.id],
  terminal_id: ["text", (row) => row.terminalId],
  n: ["integer", (row) => row.n],
  at: ["timestamptz", (row) => row.at],
  asked_by: ["text", (row) => row.askedBy],
  when_busy: ["text", (row) => row.whenBusy],
  expected_close: ["uuid", (row) => row.expectedClose],
});

/**
 * Writes attempts down, each number once: whoever comes second leaves it to the first. A cancelled closing gets none: the lock
 * keeps it from being cancelled meanwhile by a transaction that does not see the attempt.
 */
export async function insertAttempts(db: Kysely<Tables>, rows: readonly NewAttempt[]): Promise<void> {
  if (rows.length === 0) return;
  const statement = sql`
    insert into closing_attempts (account_id, closing_id, terminal_id, n, at, asked_by, when_busy, expected_close)
    select input.account_id, input.closing_id, input.terminal_id, input.n, input.at, input.asked_by, input.when_busy,
      input.expected_close
    from ${attempts.of(rows, "input")}
    join closings as closing on closing.account_id = input.account_id and closing.id = input.closing_id
    where closing.cancelled_at is null
    order by input.account_id, input.closing_id, input.terminal_id
    for share of closing
    on conflict do nothing`;
  await retried(() => statement.execute(db));
}

/** An operation that was noted on its attempt, and whether that had been refused. */
export interface Noted {
  accountId: string;
  operationId: string;
  refused: AttemptRefusal | null;
}

/** What came of an attempt. */
export interface AttemptOutcome extends ClosingKey {
  terminalId: string;
  n: number;
  operationId: string | null;
  refused: AttemptRefusal | null;
}

const outcomes = batchTable<AttemptOutcome>({
  account_id: ["text", (row) => row.accountId],
  closing_id: ["uuid", (row) => row.id],
  terminal_id: ["text", (row) => row.terminalId],
  n: ["integer", (row) => row.n],
  operation_id: ["uuid", (row) => row.operationId],
  refused: ["text", (row) => row.refused],
});

/** Notes what came of attempts. Answers the operations whose closings were cancelled meanwhile, and by whom. */
export async function noteOutcomes(
  db: Kysely<Tables>,
  rows: readonly AttemptOutcome[],
): Promise<{ accountId: string; operationId: string; by: string }[]> {
  if (rows.length === 0) return [];
  const { rows: noted } = await sql<{
    account_id: string;
    operation_id: string | null;
    refused: string | null;
    cancelled_by: string | null;
  }>`
    update closing_attempts as attempt set
      operation_id = coalesce(attempt.operation_id, outcome.operation_id),
      refused = coalesce(attempt.refused, case when attempt.operation_id is null then outcome.refused end)
    from ${outcomes.of(rows, "outcome")}
    join closings as closing on closing.account_id = outcome.account_id and closing.id = outcome.closing_id
    where attempt.account_id = outcome.account_id and attempt.closing_id = outcome.closing_id
      and attempt.terminal_id = outcome.terminal_id and attempt.n = outcome.n
    returning attempt.account_id, attempt.operation_id, attempt.refused, closing.cancelled_by`.execute(db);
  return noted.flatMap(({ account_id: accountId, operation_id: operationId, refused, cancelled_by: by }) =>
    refused === "cancelled" && operationId !== null ? [{ accountId, operationId, by: by ?? "system" }] : [],
  );
}

/**
 * Notes on attempts the operations that were accepted for them by a server that died before it noted them: the claim of the
 * operation has the key of the attempt. Answers those whose closings were cancelled meanwhile.
 */
export async function noteAccepted(db: Kysely<Tables>, wanted: readonly ClosingKey[]): Promise<Noted[]> {
  const { rows } = await sql<Noted>`
    update closing_attempts as attempt set operation_id = claim.operation_id
    from ${keys.of(wanted, "wanted")}, operation_claims as claim
    where attempt.account_id = wanted.account_id and attempt.closing_id = wanted.id and attempt.operation_id is null
      and claim.account_id = attempt.account_id
      and claim.request_key = sha256(convert_to(attempt.asked_by || chr(10) || attempt.request_key::text, 'UTF8'))
    returning attempt.account_id as "accountId", attempt.operation_id as "operationId", attempt.refused`.execute(db);
  return rows;
}

/** When a closing is looked at next, or that it has ended. */
export interface Look extends ClosingKey {
  /** The request that was obeyed; a later one has set another time itself. */
  askedAt: Date;
  lookAt: Date | null;
  endedAt: Date | null;
}

const looks = batchTable<Look>({
  account_id: ["text", (row) => row.accountId],
  id: ["uuid", (row) => row.id],
  asked_at: ["timestamptz", (row) => row.askedAt],
  look_at: ["timestamptz", (row) => row.lookAt],
  ended_at: ["timestamptz", (row) => row.endedAt],
});

/** What was so at a terminal when its closing ended. */
export interface Kept extends ClosingKey {
  terminalId: string;
  frozen: Frozen;
}

const kept = batchTable<Kept>({
  account_id: ["text", (row) => row.accountId],
  closing_id: ["uuid", (row) => row.id],
  terminal_id: ["text", (row) => row.terminalId],
  frozen: ["jsonb", (row) => row.frozen],
});

/** Writes when closings are looked at next, and for those that have ended what was so at their terminals. */
export async function noteLooks(db: Kysely<Tables>, rows: readonly Look[], frozen: readonly Kept[]): Promise<void> {
  const statement = sql`
    with looked as (
      update closings as closing set look_at = look.look_at, ended_at = coalesce(closing.ended_at, look.ended_at)
      from ${looks.of(rows, "look")}
      where closing.account_id = look.account_id and closing.id = look.id and closing.asked_at = look.asked_at
      returning closing.account_id, closing.id
    )
    update closing_terminals as member set frozen = kept.frozen
    from ${kept.of(frozen, "kept")}, looked
    where member.account_id = kept.account_id and member.closing_id = kept.closing_id and member.terminal_id = kept.terminal_id
      and looked.account_id = member.account_id and looked.id = member.closing_id and member.frozen is null`;
  await retried(() => statement.execute(db));
}

/** Claims closings that are due, at most `limit`. Other servers leave them alone until `again`. */
export async function claimDue(
  db: Kysely<Tables>,
  { now, again, limit }: { now: Date; again: Date; limit: number },
): Promise<ClosingKey[]> {
  const { rows } = await sql<ClosingKey>`
    with due as (
      select account_id, id from closings where look_at <= ${now} order by look_at limit ${limit} for no key update skip locked
    )
    update closings as closing set look_at = ${again}
    from due where closing.account_id = due.account_id and closing.id = due.id
    returning closing.account_id as "accountId", closing.id`.execute(db);
  return rows;
}

/** Forgets idempotency keys of requests before that time; answers how many, at most `limit`. */
export async function forgetRequests(db: Kysely<Tables>, before: Date, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from closing_requests as request using (
      select account_id, client_id, request_key from closing_requests where created_at < ${before}
      order by created_at limit ${limit} for update skip locked
    ) as old
    where request.account_id = old.account_id and request.client_id = old.client_id and request.request_key = old.request_key`.execute(
    db,
  );
  return Number(numAffectedRows ?? 0n);
}

/** Deletes closings of days that began before that time, at most `limit`; answers how many. */
export async function deleteClosings(db: Kysely<Tables>, before: Date, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from closings as closing using (
      select account_id, id from closings where day_starts_at < ${before}
      order by day_starts_at limit ${limit} for update skip locked
    ) as old
    where closing.account_id = old.account_id and closing.id = old.id`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
