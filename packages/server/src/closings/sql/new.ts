import { type RawBuilder, sql } from "kysely";
import { batchTable } from "../../db/batch-table.ts";
import type { Tx } from "../../db/db.ts";
import { requestLock } from "../../db/locks.ts";
import { prepared } from "../../db/prepared.ts";
import { eventsOf } from "../../events/write.ts";
import type { KeyedRequest } from "../asking/requests.ts";
import type { Attempt } from "../progress/attempts.ts";
import type { ClosingRecord } from "../queries.ts";
import { closingsOfStore } from "./facts.ts";

// The statements that make closings of days that have none: each for the stores of one account that are closed at the same time.

/**
 * Prepares a transaction for a batch. The transaction plans each statement once and by keys, as hot connections do: the same plan
 * is right for each batch, also while tables are still empty. No key comes twice in a batch, so remembering what was found for one is of no use. And the
 * transaction fails when another one keeps a lock: then each store is closed by itself, and only the request for the locked store waits.
 */
export const asBatch = sql.raw(
  "set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off; set local enable_memoize = off; set local lock_timeout = '1s'",
);

/** A store, and a business day with the bounds that follow from the store's configuration. */
export interface DayOfStore {
  storeRef: string;
  day: string;
  startsAt: Date;
  endsAt: Date;
}

const days = batchTable<DayOfStore>({
  store_ref: ["text", (row) => row.storeRef],
  day: ["text", (row) => row.day],
  starts_at: ["timestamptz", (row) => row.startsAt],
  ends_at: ["timestamptz", (row) => row.endsAt],
});

const daysBeside = closingsOfStore("asked.account_id", "asked.store_ref", {
  first: "asked.day - 1",
  last: "asked.day + 1",
  most: 3,
});

/** Reads which of these stores are as `findUntouched` wants them. */
export function untouchedDays(accountId: string, batch: readonly DayOfStore[]): RawBuilder<{ store_ref: string }> {
  return sql<{ store_ref: string }>`${prepared("untouched_days")}
    with asked as materialized (
      select ${accountId}::text as account_id, store_ref, day::date as day, starts_at, ends_at from ${days.of(batch, "row")}
    )
    select asked.store_ref
    from asked
    where not exists (
      select from (select business_day, day_starts_at, day_ends_at from closings where ${sql.raw(daysBeside)}) as near
      where not (near.business_day = asked.day - 1 and near.day_ends_at = asked.starts_at)
        and not (near.business_day = asked.day + 1 and near.day_starts_at = asked.ends_at)
    ) and (
      select close.id from operations as close
      cross join lateral (
        select * from terminals as own
        where own.account_id = close.account_id and own.terminal_id = close.terminal_id limit 1
      ) as terminal
      where close.account_id = asked.account_id and close.store_ref = asked.store_ref and close.operation = 'end_of_day'
        and close.id >= tillkeeper_lowest_id(asked.starts_at) and close.id < tillkeeper_lowest_id(asked.ends_at)
        and (close.status in ('PENDING', 'COMPLETED') or close.late_result is not null)
        and (terminal.store_ref <> asked.store_ref or terminal.status = 'DELETED')
      limit 1
    ) is null`;
}

/**
 * Of these stores, those for which nothing that was before decides about the day: it has no closing, the closings of the days beside
 * it end and begin where it begins and ends, and every terminal that was closed in it is still there.
 */
export async function findUntouched(tx: Tx, accountId: string, batch: readonly DayOfStore[]): Promise<Set<string>> {
  const { rows } = await untouchedDays(accountId, batch).execute(tx);
  return new Set(rows.map((row) => row.store_ref));
}

type Keyed = Omit<KeyedRequest, "accountId">;

const keys = batchTable<Keyed>({
  client_id: ["text", (row) => row.clientId],
  request_key: ["uuid", (row) => row.key],
});

/** As `lockKey` for each of these requests of an account, always in the same order. Answers the keys that are known already. */
export async function lockKeys(tx: Tx, accountId: string, batch: readonly Keyed[]): Promise<Set<string>> {
  if (batch.length === 0) return new Set();
  const names = batch.map(({ clientId, key }) => `${accountId} ${clientId} ${key}`);
  await sql`${prepared("lock_closing_keys")}
    select pg_advisory_xact_lock(${requestLock}, hash)
    from (select distinct hashtext(name) as hash from unnest(${names}::text[]) as name order by hash offset 0) as locks`.execute(
    tx,
  );
  const { rows } = await sql<{ request_key: string }>`${prepared("known_closing_keys")}
    select known.request_key
    from ${keys.of(batch, "asked")}
    cross join lateral (
      select * from closing_requests as own
      where own.account_id = ${accountId} and own.client_id = asked.client_id and own.request_key = asked.request_key
      limit 1
    ) as known`.execute(tx);
  return new Set(rows.map((row) => row.request_key));
}

/** A closing that is to be made, with its terminals and their first attempts. */
export interface NewClosing {
  row: ClosingRecord;
  terminals: readonly { id: string; wanted: boolean; again: boolean }[];
  attempts: readonly (Attempt & { at: Date })[];
  /** The request that makes it, if it has an idempotency key. */
  keyed?: KeyedRequest | undefined;
  requestId?: string | undefined;
}

const closings = batchTable<ClosingRecord & { requestId: string | undefined }>({
  id: ["uuid", (row) => row.id],
  store_ref: ["text", (row) => row.store_ref],
  business_day: ["text", (row) => row.business_day],
  day_starts_at: ["timestamptz", (row) => row.day_starts_at],
  day_ends_at: ["timestamptz", (row) => row.day_ends_at],
  time_zone: ["text", (row) => row.time_zone],
  at: ["timestamptz", (row) => row.asked_at],
  asked_by: ["text", (row) => row.asked_by],
  retry_until: ["timestamptz", (row) => row.retry_until],
  when_busy: ["text", (row) => row.when_busy],
  expected: ["jsonb", (row) => row.expected],
  look_at: ["timestamptz", (row) => row.look_at],
  request_id: ["text", (row) => row.requestId || null],
});

const members = batchTable<{ closingId: string; id: string; at: Date | null; again: boolean }>({
  closing_id: ["uuid", (row) => row.closingId],
  terminal_id: ["text", (row) => row.id],
  asked_at: ["timestamptz", (row) => row.at],
  again: ["boolean", (row) => row.again],
});

const attempts = batchTable<Attempt & { at: Date }>({
  closing_id: ["uuid", (row) => row.id],
  terminal_id: ["text", (row) => row.terminalId],
  n: ["integer", (row) => row.n],
  at: ["timestamptz", (row) => row.at],
  asked_by: ["text", (row) => row.askedBy],
  when_busy: ["text", (row) => row.whenBusy],
  expected_close: ["uuid", (row) => row.expectedClose],
  request_key: ["uuid", (row) => row.key],
});

const requests = batchTable<KeyedRequest & { closingId: string; at: Date }>({
  client_id: ["text", (row) => row.clientId],
  request_key: ["uuid", (row) => row.key],
  request_sha256: ["bytea", (row) => row.digest],
  closing_id: ["uuid", (row) => row.closingId],
  created_at: ["timestamptz", (row) => row.at],
});

const eventsOfMaking = eventsOf("events_of_making", {
  from: "told",
  type: "store_closing_add",
  cause: "'asked'",
  at: "created_at",
  subject: "id::text",
  storeRef: "store_ref",
  actor: "created_by",
  requestId: "request_id",
});

/** Only of closings that this statement makes: looked up in a set. */
const isMade = sql`in (select id from made)`;

/**
 * Makes closings of an account with all that belongs to them, and answers the ids of those that are made: of a day that has a closing
 * meanwhile nothing is. They go in by store, because batches in different orders would deadlock.
 */
export async function insertClosings(tx: Tx, accountId: string, batch: readonly NewClosing[]): Promise<Set<string>> {
  const memberRows = batch.flatMap(({ row, terminals }) =>
    terminals.map(({ id, wanted, again }) => ({ closingId: row.id, id, at: wanted ? row.asked_at : null, again })),
  );
  const requestRows = batch.flatMap(({ row, keyed }) =>
    keyed ? [{ ...keyed, closingId: row.id, at: row.asked_at }] : [],
  );
  const { rows } = await sql<{ id: string }>`${prepared("insert_closings")}
    with input as (
      select * from ${closings.of(
        batch.map(({ row, requestId }) => ({ ...row, requestId })),
        "input",
      )}
    ), made as (
      insert into closings (
        account_id, id, store_ref, business_day, day_starts_at, day_ends_at, time_zone, created_at, created_by, asked_at, asked_by,
        retry_until, when_busy, expected, look_at
      )
      select ${accountId}, id, store_ref, business_day::date, day_starts_at, day_ends_at, time_zone, at, asked_by, at, asked_by,
        retry_until, when_busy, expected, look_at
      from input
      order by store_ref
      on conflict (account_id, store_ref, business_day) do nothing
      returning account_id, id, store_ref, created_at, created_by
    ), told as (
      select made.*, input.request_id from made join input on input.id = made.id
    ), ${sql.raw(eventsOfMaking)}, member as (
      insert into closing_terminals (account_id, ${sql.raw(members.columns)})
      select ${accountId}, ${sql.raw(members.columns)}
      from ${members.of(memberRows, "input")}
      where closing_id ${isMade}
    ), attempt as (
      insert into closing_attempts (account_id, ${sql.raw(attempts.columns)})
      select ${accountId}, ${sql.raw(attempts.columns)}
      from ${attempts.of(
        batch.flatMap((one) => one.attempts),
        "input",
      )}
      where closing_id ${isMade}
    ), request as (
      insert into closing_requests (account_id, ${sql.raw(requests.columns)})
      select ${accountId}, ${sql.raw(requests.columns)}
      from ${requests.of(requestRows, "input")}
      where closing_id ${isMade}
      on conflict (account_id, client_id, request_key) do update set
        request_sha256 = excluded.request_sha256, closing_id = excluded.closing_id, created_at = excluded.created_at
    )
    select id from made`.execute(tx);
  return new Set(rows.map(({ id }) => id));
}
