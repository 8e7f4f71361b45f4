import type { Db } from "@tillkeeper/server/db/db";
import { clientId } from "../parts/seed.ts";
import { accountId, firstTerminalNumber, terminalId, terminalIdPrefix } from "../parts/terminal-set.ts";

/** Rows per statement: few enough that Ctrl-C takes effect soon. */
const batchSize = 100_000;
const timeoutMs = 180_000;
const sampleSize = 500;
/** The history ends an hour ago and covers this many days, so it lies in six or seven partitions. */
const days = 170;
/** Operations of each terminal with a history, at either size of the table, so that a page is equal work. */
const perTerminal = 50;
/** Share of the operations that precede the deep page. */
const deepShare = 0.9;

/** Values for the requests, drawn from the whole account. */
export interface HistorySample {
  /** Terminals with a history. */
  terminalIds: string[];
  operationIds: string[];
  storeIds: string[];
  /** Operation id for `starting_after` of the deep page. */
  deep: string;
  /** Two days some months ago. */
  from: string;
  to: string;
}

const monthsSql = `
  select tillkeeper_make_month(at) from generate_series(now() - interval '${days + 1} days', now(), interval '20 days') as at`;

// Half of the rows belong to the account that sends the requests, the rest to four other accounts. Ids are UUIDv7 of
// `created_at`. Every column follows from the row's number, so that both table sizes have equal shares of each value.
const operationsSql = `
  insert into operations (
    account_id, id, terminal_id, operation, status, parameters, deadline, created_at, created_by, updated_at, updated_by,
    dispatched_at, delivered_at, started_at, answered_at, result, reason
  )
  select
    case when n % 2 = 0 then $1 else 'T9900001' || n / 2 % 4 end,
    (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
      || substr(md5(n::text), 4, 15))::uuid,
    case when n % 2 = 0 then $2::text else 'T9900001' || n / 2 % 4 || '-T' end || $3::int + n / 2 % $5::int,
    case when share % 10 = 3 then 'send_logs' when share % 4 = 1 then 'check_update' else 'open_menu' end,
    status, '{}', at + interval '60 seconds', at, $4, at + interval '2 seconds',
    case status when 'TIMEOUT' then 'system' else $2 || $3 end,
    at + interval '3 ms', at + interval '9 ms', at + interval '12 ms',
    case when status <> 'TIMEOUT' then at + interval '2 seconds' end,
    case status when 'COMPLETED' then '{"opened": true}'::jsonb end,
    case status when 'TIMEOUT' then 'no_answer' when 'FAILED' then 'device_error' end
  from generate_series($6::int, $7::int) as n
  cross join lateral (
    select now() - interval '1 hour' - ($8::int - n) * (interval '${days} days' / $8::int) as at,
      abs(hashint4(n) % 1000) as share
  ) as chosen
  cross join lateral (
    select case when share < 20 then 'TIMEOUT' when share < 120 then 'FAILED' else 'COMPLETED' end as status
  ) as outcome`;

/** Fills the table with ended operations; `operations` is their number. */
export async function seedHistory(db: Db, operations: number): Promise<void> {
  await run(db, monthsSql);
  for (let from = 0; from < operations; from += batchSize) {
    await run(db, operationsSql, [
      accountId,
      terminalIdPrefix,
      firstTerminalNumber,
      clientId,
      terminalsWithHistory(operations),
      from,
      Math.min(operations, from + batchSize) - 1,
      operations,
    ]);
  }
  await settle(db);
}

function terminalsWithHistory(operations: number): number {
  return operations / 2 / perTerminal;
}

/** Does what autovacuum would do and no more: autovacuum analyzes partitions, never the partitioned table itself. */
async function settle(db: Db): Promise<void> {
  const { rows } = await db.pool.query<{ name: string }>(
    "select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid where inhparent = 'operations'::regclass",
  );
  for (const { name } of rows) await run(db, `vacuum analyze ${name}`);
  await run(db, "checkpoint");
}

/** Deletes the operations accepted since `since`, so that rounds start with equal tables; returns their number. */
export async function forgetSince(db: Db, since: Date): Promise<number> {
  const deleted = await db.pool.query(
    "delete from operations where account_id = $1 and id >= tillkeeper_lowest_id($2)",
    [accountId, since],
  );
  await db.pool.query("truncate operation_claims");
  await settle(db);
  return deleted.rowCount ?? 0;
}

/** Draws operations and terminals from the whole account; `operations` is the size of the table. */
export async function takeHistorySample(db: Db, operations: number): Promise<HistorySample> {
  const ids = await db.pool.query<{ id: string }>(
    "select id from operations where account_id = $1 order by hashtext(id::text) limit $2",
    [accountId, sampleSize],
  );
  const deep = await db.pool.query<{ id: string }>(
    "select id from operations where account_id = $1 order by id desc offset $2 limit 1",
    [accountId, Math.floor((operations / 2) * deepShare)],
  );
  const terminals = terminalsWithHistory(operations);
  const step = Math.max(1, Math.floor(terminals / sampleSize));
  const numbers = Array.from({ length: Math.min(sampleSize, terminals) }, (_, index) => index * step);
  const from = Date.now() - (days / 2) * 86_400_000;
  return {
    terminalIds: numbers.map(terminalId),
    // Ten terminals in each store.
    storeIds: numbers.map((number) => `S${1 + Math.floor(number / 10)}`),
    operationIds: ids.rows.map(({ id }) => id),
    deep: deep.rows[0]?.id ?? "",
    from: new Date(from).toISOString(),
    to: new Date(from + 2 * 86_400_000).toISOString(),
  };
}

async function run(db: Db, text: string, values: unknown[] = []): Promise<void> {
  // Exceeds the query timeout of the server's own statements.
  await db.pool.query({ text, values, query_timeout: timeoutMs } as { text: string; values: unknown[] });
}
