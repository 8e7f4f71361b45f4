import type { Db } from "@tillkeeper/server/db/db";
import { clientId } from "../parts/seed.ts";
import { accountId, firstTerminalNumber, terminalIdPrefix } from "../parts/terminal-set.ts";

/** Terminals registered in each store, of which the closing has one to three. */
export const registered = 3;
const timeoutMs = 180_000;

/** A UUIDv7 of the time, whose rest follows from the text. */
const idOf = (at: string, text: string) => `
  (lpad(to_hex((extract(epoch from ${at}) * 1000)::bigint), 12, '0') || '7' || substr(md5(${text}), 1, 3) || '8'
    || substr(md5(${text}), 4, 15))::uuid`;

/**
 * Each store's closing and the closes of its terminals, a few hours ago. Every column follows from the store's number, so the
 * shares are equal however many stores there are.
 */
const seeded = `
with store as (
  select n, $1 || '-' || lpad(n::text, greatest(4, length(n::text)), '0') as store_ref,
    now() - interval '3 hours' + (n % 3600) * interval '1 second' as at
  from generate_series(1, $4::int) as n
), closing as (
  insert into closings (account_id, id, store_ref, business_day, day_starts_at, day_ends_at, time_zone, created_at, created_by,
    asked_at, asked_by, retry_until, ended_at)
  select $1, ${idOf("at", "store_ref")}, store_ref, current_date, now() - interval '12 hours', now() + interval '12 hours',
    'Europe/Oslo', at, $3, at, $3, now() + interval '12 hours', at + interval '5 seconds'
  from store
), member as (
  select store.*, $2 || ($5::int + (n - 1) * ${registered} + k)::text as terminal_id, ${idOf("at", "store_ref")} as closing_id
  from store, generate_series(0, n % ${registered}) as k
), terminal as (
  insert into closing_terminals (account_id, closing_id, terminal_id, asked_at, frozen)
  select $1, closing_id, terminal_id, at, '{"status": "ACTIVE", "here": true, "online": true, "shut_down": false}' from member
), attempt as (
  insert into closing_attempts (account_id, closing_id, terminal_id, n, at, asked_by, operation_id)
  select $1, closing_id, terminal_id, 1, at, $3, ${idOf("at", "terminal_id")} from member
), address as (
  insert into terminal_addresses (account_id, address, terminal_id, created_at, number, last_close)
  select $1, terminal_id || '-D1', terminal_id, at - interval '30 days', 1, ${idOf("at", "terminal_id")} from member
), credential as (
  insert into terminal_credentials (account_id, terminal_id, address, secret_sha256, created_at)
  select $1, terminal_id, terminal_id || '-D1', sha256(terminal_id::bytea), at - interval '30 days' from member
), presence as (
  insert into terminal_presence (account_id, terminal_id, session, status, since, connected_at, last_heard_at)
  select $1, terminal_id, gen_random_uuid(), 'offline', at, at, at from member
)
insert into operations (account_id, id, terminal_id, operation, status, parameters, deadline, created_at, created_by, updated_at,
  updated_by, dispatched_at, delivered_at, started_at, answered_at, result, store_ref)
select $1, ${idOf("at", "terminal_id")}, terminal_id, 'end_of_day', 'COMPLETED', '{}', at + interval '180 seconds', at, $3,
  at + interval '4 seconds', terminal_id, at, at, at, at + interval '4 seconds',
  jsonb_build_object('outcome', 'accepted', 'batch_id', n::text, 'sale_amount', 12345, 'currency', 'NOK'), store_ref
from member`;

const months =
  "select tillkeeper_make_month(at) from generate_series(now() - interval '6 hours', now(), interval '1 hour') as at";

/** Fills the tables with a closing for each store, all of which have ended. The tables are not analyzed. */
export async function seedClosings(db: Db, stores: number): Promise<void> {
  await run(db, months);
  await run(db, seeded, [accountId, terminalIdPrefix, clientId, stores, firstTerminalNumber]);
}

/** Does what autovacuum would do some minutes later. */
export async function settle(db: Db): Promise<void> {
  const tables = ["stores", "terminals", "terminal_addresses", "terminal_credentials", "terminal_presence"];
  for (const table of [...tables, "closings", "closing_terminals", "closing_attempts"])
    await run(db, `vacuum analyze ${table}`);
  const { rows } = await db.pool.query<{ name: string }>(
    "select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid where inhparent = 'operations'::regclass",
  );
  for (const { name } of rows) await run(db, `vacuum analyze ${name}`);
}

async function run(db: Db, text: string, values: unknown[] = []): Promise<void> {
  // Exceeds the query timeout of the server's own statements.
  await db.pool.query({ text, values, query_timeout: timeoutMs } as { text: string; values: unknown[] });
}
