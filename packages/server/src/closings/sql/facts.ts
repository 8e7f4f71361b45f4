import { type RawBuilder, sql } from "kysely";
import { prepared } from "../../db/prepared.ts";
import type { Facts } from "../standing/facts.ts";

/** Of the closes of a terminal in one day that did nothing to its batch, only the newest decide anything. */
const mostFailed = 40;
/** The others count in the totals. No terminal closes so often. */
const mostOthers = 1_000;
const didNothing = sql`(
  operations.status in ('FAILED', 'TIMEOUT') and operations.late_result is null and not operations.unknown_end
  and operations.reason is distinct from 'invalid_result' and operations.reason is distinct from 'storage_failed')`;
/** After the day, or the last request, a close may still correct it for so long. */
const laterFor = sql`interval '36 hours'`;

/** A close that was accepted so long before the day began may end in it. It says what the day's batch began with. */
const underWayFor = sql`interval '15 minutes'`;

// A subquery with `limit 1` (or `offset 0`) is looked up by the keys of each row, whatever statistics say of its table. Joined in the ordinary way,
// all attempts or closings of the account are read for each row while statistics are from when there were few.

/**
 * Ends a subquery that looks up a closing: by a range of one id, in the order of ids. While statistics are missing or old, the other
 * indexes that begin with the account look as cheap as the primary key, and each lookup by one of them reads all closings of
 * the account. Only the primary key has this order. The same for attempts by their operation.
 */
export function closingById(accountId: string, id: string): string {
  return `account_id = ${accountId} and id between ${id} and ${id} order by id limit 1`;
}

/**
 * Ends a subquery that reads the closings of a store by business day, `most` at most. Bounds of both columns together are of no use to the index
 * by account and day, and the order is that of the unique index alone.
 */
export function closingsOfStore(
  accountId: string,
  storeRef: string,
  { first, last, most }: { first: string; last: string; most: number },
): string {
  return `account_id = ${accountId} and (store_ref, business_day) >= (${storeRef}, ${first})
    and (store_ref, business_day) <= (${storeRef}, ${last})
    order by store_ref, business_day limit ${most}`;
}

/** Ends a subquery that looks up the attempt of an operation. */
export function attemptOfOperation(accountId: string, id: string): string {
  return `account_id = ${accountId} and operation_id between ${id} and ${id} order by operation_id limit 1`;
}

// Keeps the planner from the index of closes by store: planned while tables were empty, it would read all closes of the account for
// each terminal.
const isClose = sql`operations.operation || '' = 'end_of_day'`;

/** The closes of a target that decide, with the closings that sent them. One scan reads closes by operation and by hand. */
const closes = sql`
  select close.*, sent.closing_id,
    case when sent.closing_id = target.closing_id then target.day_ends_at else other.day_ends_at end as closing_ends_at
  from (
    select operations.*, ${didNothing} as did_nothing,
      row_number() over (partition by ${didNothing} order by operations.id desc) as nth
    from operations
    where operations.account_id = target.account_id and operations.terminal_id = target.terminal_id
      and ${isClose}
      and operations.id >= bounds.lowest and operations.id < bounds.highest
      and (operations.store_ref is null or operations.store_ref = target.store_ref)
  ) as close
  left join lateral (
    select closing_id from closing_attempts where ${sql.raw(attemptOfOperation("close.account_id", "close.id"))}
  ) as sent on true
  left join lateral (
    select day_ends_at from closings
    where sent.closing_id is distinct from target.closing_id and ${sql.raw(closingById("close.account_id", "sent.closing_id"))}
  ) as other on true
  where close.nth <= case when close.did_nothing then ${sql.lit(mostFailed)} else ${sql.lit(mostOthers)} end`;

/**
 * All that decides where terminals stand, as columns over a table expression `target` with the columns of `ClosingMember`: one row
 * for each terminal. One statement reads the facts of many closings.
 */
const columns = sql`
  target.*,
  terminals.status as terminal_status,
  terminals.store_ref = target.store_ref as here,
  device.last_close,
  case when presence.terminal_id is not null then json_build_object(
    'status', presence.status, 'since', presence.since, 'last_heard_at', presence.last_heard_at,
    'next_expected_at', presence.next_expected_at, 'lost_at', presence.lost_at, 'shut_down_at', presence.shut_down_at
  ) end as presence,
  live.operation as live_operation,
  case when telemetry.value is not null
    then json_build_object('value', telemetry.value, 'at', telemetry.at, 'since', telemetry.since) end as batch,
  former.batch as former_batch,
  coalesce(closes.list, '[]'::json) as closes,
  coalesce(attempts.list, '[]'::json) as attempts`;

const joins = sql`
cross join lateral (
  select * from terminals as own where own.account_id = target.account_id and own.terminal_id = target.terminal_id limit 1
) as terminals
left join lateral (
  select * from terminal_credentials as own
  where own.account_id = target.account_id and own.terminal_id = target.terminal_id limit 1
) as credential on true
left join lateral (
  select * from terminal_addresses as own where own.account_id = target.account_id and own.address = credential.address limit 1
) as device on true
left join lateral (
  select * from terminal_presence as own where own.account_id = target.account_id and own.terminal_id = target.terminal_id limit 1
) as presence on true
left join lateral (
  select * from operation_claims as own where own.account_id = target.account_id and own.terminal_id = target.terminal_id limit 1
) as live on true
left join lateral (
  select * from terminal_telemetry as own
  where own.account_id = target.account_id and own.terminal_id = target.terminal_id and own.field = 'open_batch'
    and own.address = credential.address
  limit 1
) as telemetry on true
left join lateral (
  select json_build_object(
    'value', before.open_batch, 'at', before.open_batch_at, 'replaced_at', device.created_at,
    'other_hardware', exists (
      select from terminal_devices as former_device
      where former_device.account_id = before.account_id and former_device.terminal_id = before.terminal_id
        and former_device.used_until > before.created_at and former_device.used_until <= device.created_at
    )
  ) as batch
  from terminal_addresses as before
  where before.account_id = target.account_id and before.terminal_id = target.terminal_id
    and before.address <> credential.address and before.open_batch is not null
    and device.created_at between target.day_starts_at and greatest(target.day_ends_at, target.asked_at)
  order by before.created_at desc
  limit 1
) as former on true
cross join lateral (
  select tillkeeper_lowest_id(target.day_starts_at - ${underWayFor}) as lowest,
    tillkeeper_lowest_id(greatest(target.day_ends_at, target.asked_at) + ${laterFor}) as highest
  offset 0
) as bounds
left join lateral (
  select json_agg(json_build_object(
    'id', close.id, 'status', close.status, 'created_at', close.created_at, 'created_by', close.created_by,
    'updated_at', close.updated_at, 'reason', close.reason, 'unknown_end', close.unknown_end, 'result', close.result,
    'late_result', close.late_result, 'closing_id', close.closing_id, 'closing_ends_at', close.closing_ends_at
  ) order by close.id) as list
  from (
    ${closes}
  ) as close
) as closes on true
left join lateral (
  select json_agg(json_build_object(
    'n', attempt.n, 'at', attempt.at, 'asked_by', attempt.asked_by, 'when_busy', attempt.when_busy, 'expected_close', attempt.expected_close, 'request_key', attempt.request_key,
    'operation_id', attempt.operation_id, 'refused', attempt.refused
  ) order by attempt.n) as list
  from closing_attempts as attempt
  where attempt.account_id = target.account_id and attempt.closing_id = target.closing_id
    and attempt.terminal_id = target.terminal_id
) as attempts on true`;

const targetOfClosings = sql`
select member.account_id, member.closing_id, member.terminal_id, member.asked_at, member.again, member.frozen,
  closing.store_ref, closing.day_starts_at, closing.day_ends_at`;
const membersOfClosing = sql`
cross join lateral (
  select * from closing_terminals as own where own.account_id = closing.account_id and own.closing_id = closing.id offset 0
) as member`;
/** The closings of a batch table `wanted`. */
export const closingOfWanted = sql`
cross join lateral (select * from closings where ${sql.raw(closingById("wanted.account_id", "wanted.id"))}) as closing`;
const inOrder = sql`order by target.closing_id, terminals.number`;

// PostgreSQL keeps a prepared plan only where plans for the values of a call look no cheaper. They never do where the values come
// from a CTE, and their number from JSON, of which the planner knows nothing.

/** The facts of the members of one account's closings, for its requests. */
export function factsOfAccount(accountId: string, ids: readonly string[]): RawBuilder<Facts> {
  const [name, wanted] =
    ids.length === 1
      ? ["facts_of_closing", sql`select ${accountId}::text as account_id, ${ids[0]}::uuid as id`]
      : [
          "facts_of_closings",
          sql`select ${accountId}::text as account_id, text::uuid as id
              from jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb) as text`,
        ];
  return sql<Facts>`${prepared(name)}
with wanted as materialized (
  ${wanted}
), target as (
  ${targetOfClosings}
  from wanted ${closingOfWanted} ${membersOfClosing}
)
select ${columns} from target ${joins} ${inOrder}`;
}

/** The same for the closings of a batch, of any account: `wanted` has an `account_id` and an `id`, each pair once. */
export function factsOfBatch(wanted: RawBuilder<unknown>): RawBuilder<Facts> {
  return sql<Facts>`
with target as (
  ${targetOfClosings}
  from ${wanted} ${closingOfWanted} ${membersOfClosing}
)
select ${columns} from target ${joins} ${inOrder}`;
}

/** A store and a day, of which the facts are read as a closing of that day, asked for now, would find them. */
export interface AskedStore {
  closingId: string | null;
  storeRef: string;
  startsAt: Date;
  endsAt: Date;
}

/** The facts of the terminals of stores. Each store may come once. */
export function factsOfStores(accountId: string, askedAt: Date, stores: readonly AskedStore[]): RawBuilder<Facts> {
  return sql<Facts>`${prepared("facts_of_stores")}
with asked as materialized (
  select ${accountId}::text as account_id, ${askedAt}::timestamptz as asked_at, row.*
  from jsonb_to_recordset(${JSON.stringify(stores)}::jsonb)
    as row ("closingId" uuid, "storeRef" text, "startsAt" timestamptz, "endsAt" timestamptz)
), target as (
  select terminal.account_id, asked."closingId" as closing_id, terminal.terminal_id, asked.asked_at, false as again,
    null::jsonb as frozen, terminal.store_ref, asked."startsAt" as day_starts_at, asked."endsAt" as day_ends_at
  from asked
  cross join lateral (
    select * from terminals as own
    where own.account_id = asked.account_id and own.store_ref = asked."storeRef" and own.status <> 'DELETED' offset 0
  ) as terminal
)
select ${columns} from target ${joins}
order by target.store_ref, terminals.number`;
}
