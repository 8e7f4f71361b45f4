import type { AttemptRefusal } from "@tillkeeper/contract/closings/facts";
import type { WhenBusy } from "@tillkeeper/contract/operations";
import { type RawBuilder, sql } from "kysely";
import type { Pool } from "pg";
import { batchTable } from "../../db/batch-table.ts";
import type { Db } from "../../db/db.ts";
import { eventsOf } from "../../events/write.ts";
import type { Told } from "../progress/told.ts";
import { type ClosingKey, type ClosingRecord, closingColumns } from "../queries.ts";
import type { Facts, Frozen } from "../standing/facts.ts";
import { closingById, closingOfWanted, factsOfBatch } from "./facts.ts";

// The statements that carry closings forward: each for a batch of closings of any account, on hot connections, because
// planning one of them anew takes longer than carrying it out.

const keys = batchTable<ClosingKey>({
  account_id: ["text", (key) => key.accountId],
  id: ["uuid", (key) => key.id],
});
const wanted = sql.raw(keys.as("wanted"));
const closingsText = textOnce(sql`
select ${closingColumns} from ${wanted} ${closingOfWanted}`);
const factsText = textOnce(factsOfBatch(wanted));

/** Makes the text of a statement when it is first needed: it never changes. */
function textOnce(statement: RawBuilder<unknown>): (db: Pick<Db, "sql">) => string {
  let text: string | undefined;
  return (db) => {
    text ??= statement.compile(db.sql).sql;
    return text;
  };
}

/** Reads closings, of any account. Each key may come once. */
export async function findClosings(
  db: Pick<Db, "sql" | "pool">,
  batch: readonly ClosingKey[],
): Promise<ClosingRecord[]> {
  const query = { name: "closings_of_batch", text: closingsText(db), values: keys.values(batch) };
  return (await db.pool.query<ClosingRecord>(query)).rows;
}

/** Reads the facts of all terminals of these closings. Each key may come once. */
export async function factsOf(db: Pick<Db, "sql" | "pool">, batch: readonly ClosingKey[]): Promise<Facts[]> {
  const query = { name: "facts_of_batch", text: factsText(db), values: keys.values(batch) };
  return (await db.pool.query<Facts>(query)).rows;
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
const attemptsText = `
insert into closing_attempts (${attempts.columns})
select ${attempts.columns
  .split(", ")
  .map((column) => `input.${column}`)
  .join(", ")}
from ${attempts.as("input")}
cross join lateral (
  select cancelled_at from closings where ${closingById("input.account_id", "input.closing_id")}
) as closing
where closing.cancelled_at is null
order by input.account_id, input.closing_id, input.terminal_id
on conflict do nothing
returning account_id, closing_id, terminal_id, n, request_key`;

/** An attempt that this call has written down. */
interface WrittenAttempt {
  account_id: string;
  closing_id: string;
  terminal_id: string;
  n: number;
  request_key: string;
}

/**
 * Writes attempts down, each number once: of two servers the second gets no row and leaves it to the first. A cancelled closing
 * gets none; one that is cancelled meanwhile may get one, whose operation is cancelled when it is noted.
 */
export async function insertAttempts(pool: Pool, rows: readonly NewAttempt[]): Promise<WrittenAttempt[]> {
  if (rows.length === 0) return [];
  const query = { name: "insert_closing_attempts", text: attemptsText, values: attempts.values(rows) };
  return (await pool.query<WrittenAttempt>(query)).rows;
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
const outcomesText = `
update closing_attempts as attempt set
  operation_id = coalesce(attempt.operation_id, outcome.operation_id),
  refused = coalesce(attempt.refused, case when attempt.operation_id is null then outcome.refused end)
from ${outcomes.as("outcome")}
cross join lateral (
  select cancelled_by from closings where ${closingById("outcome.account_id", "outcome.closing_id")}
) as closing
where attempt.account_id = outcome.account_id and attempt.closing_id = outcome.closing_id
  and attempt.terminal_id = outcome.terminal_id and attempt.n = outcome.n
returning attempt.account_id, attempt.operation_id, attempt.refused, closing.cancelled_by`;

/** Notes what came of attempts. Answers the operations whose closings were cancelled meanwhile, and by whom. */
export async function noteOutcomes(
  pool: Pool,
  rows: readonly AttemptOutcome[],
): Promise<{ accountId: string; operationId: string; by: string }[]> {
  if (rows.length === 0) return [];
  const query = { name: "note_closing_outcomes", text: outcomesText, values: outcomes.values(rows) };
  const { rows: noted } = await pool.query<{
    account_id: string;
    operation_id: string | null;
    refused: string | null;
    cancelled_by: string | null;
  }>(query);
  return noted.flatMap(({ account_id: accountId, operation_id: operationId, refused, cancelled_by: by }) =>
    operationId !== null && (by !== null || refused === "cancelled")
      ? [{ accountId, operationId, by: by ?? "system" }]
      : [],
  );
}

/** An operation that was noted on its attempt, and whether that had been refused. */
interface Noted {
  accountId: string;
  operationId: string;
  refused: AttemptRefusal | null;
}

const acceptedText = `
update closing_attempts as attempt set operation_id = claim.operation_id
from ${keys.as("wanted")}, operation_claims as claim
where attempt.account_id = wanted.account_id and attempt.closing_id = wanted.id and attempt.operation_id is null
  and claim.account_id = attempt.account_id
  and claim.request_key = sha256(convert_to(attempt.asked_by || chr(10) || attempt.request_key::text, 'UTF8'))
returning attempt.account_id as "accountId", attempt.operation_id as "operationId", attempt.refused`;

/**
 * Notes on attempts the operations that were accepted for them by a server that died before it noted them: the claim of the
 * operation has the key of the attempt. Answers those, and whether their closings were cancelled meanwhile.
 */
export async function noteAccepted(pool: Pool, batch: readonly ClosingKey[]): Promise<Noted[]> {
  if (batch.length === 0) return [];
  const query = { name: "note_closing_accepted", text: acceptedText, values: keys.values(batch) };
  return (await pool.query<Noted>(query)).rows;
}

/** When a closing is looked at next; or that it has ended, with what was so at its terminals. */
export interface Look extends ClosingKey {
  askedAt: Date;
  lookAt: Date | null;
  /** When it was looked at, and how it stood. */
  at: Date;
  told: Told;
  ended?: { at: Date; frozen: Record<string, Frozen> };
}

const looks = batchTable<Look>({
  account_id: ["text", (row) => row.accountId],
  id: ["uuid", (row) => row.id],
  asked_at: ["timestamptz", (row) => row.askedAt],
  look_at: ["timestamptz", (row) => row.lookAt],
  at: ["timestamptz", (row) => row.at],
  state: ["text", (row) => row.told.state],
  told: ["text", (row) => row.told.digest],
  ended_at: ["timestamptz", (row) => row.ended?.at ?? null],
  frozen: ["jsonb", (row) => row.ended?.frozen],
});
// A locked closing is skipped: the transaction with the lock reads it next. So no transaction waits, however many come at once.
const looksText = `
with free as (
  select closing.account_id, closing.id, closing.store_ref, look.look_at, look.ended_at, look.frozen, look.told, look.at, look.state,
    -- The first look of one that runs finds what the event of its making shows already.
    look.told is distinct from closing.told and (closing.told is not null or look.state <> 'running') as has_changed
  from ${looks.as("look")}
  cross join lateral (
    select * from closings
    where asked_at = look.asked_at and ${closingById("look.account_id", "look.id")}
    for no key update skip locked
  ) as closing
), looked as (
  update closings as closing set
    look_at = free.look_at, ended_at = coalesce(closing.ended_at, free.ended_at), told = free.told,
    -- Once its day is over, a change may make a report, or correct it.
    report_at = case when closing.report_at is not null and (free.has_changed or free.ended_at is not null)
      then free.at else closing.report_at end
  from free
  where closing.account_id = free.account_id and closing.id = free.id
  returning closing.account_id, closing.id, free.frozen
), ${eventsOf("events_of_looks", {
  from: "free",
  which: "has_changed",
  type: "store_closing_update",
  cause: "state",
  at: "at",
  subject: "id::text",
  storeRef: "store_ref",
  actor: "'system'",
})}, frozen as (
  update closing_terminals as member set frozen = looked.frozen -> member.terminal_id
  from looked
  where member.account_id = looked.account_id and member.closing_id = looked.id
    and looked.frozen is not null and member.frozen is null
)
select from looked`;

/**
 * Writes when closings are looked at next, for those that have ended what was so at their terminals, and an event for each that stands
 * otherwise than at the look before.
 */
export async function noteLooks(pool: Pool, rows: readonly Look[]): Promise<void> {
  if (rows.length === 0) return;
  await pool.query({ name: "note_closing_looks", text: looksText, values: looks.values(rows) });
}
