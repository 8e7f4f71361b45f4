import type { Db } from "@tillkeeper/server/db/db";
import { clientId } from "../parts/seed.ts";
import { accountId, terminalId } from "../parts/terminal-set.ts";

const timeoutMs = 180_000;
/** Facts lie in the last 100 days, so operations in four or five partitions, however many there are. */
const days = 100;
/** Of a hundred facts: the rest are operations, each of which has two entries. */
const shares = { presence: 35, telemetry: 30, changes: 3 };

/** An id of version 7 of the instant, different for each row. */
const idOf = (at: string) =>
  `(left(tillkeeper_lowest_id(${at})::text, 14) || '7' || substr(md5(n::text || $2), 14, 3) || '-8' || substr(md5(n::text || $2), 18, 3)
    || '-' || substr(md5(n::text || $2), 21, 12))::uuid`;

/** The instants of a kind of fact, each with a part of a minute of its own. */
const instants = `
  from generate_series(1, $3::int) as n
  cross join lateral (
    select date_trunc('milliseconds', now() - interval '1 hour' - (n - 0.5) * (interval '${days} days' / $3::int)) as at
  ) as chosen`;

/** Each takes the account, the terminal, and the number of rows. */
const statements = {
  presence: `
    insert into presence_changes (account_id, terminal_id, id, at, status, reason)
    select $1, $2, ${idOf("at")}, at, case when n % 2 = 0 then 'online' else 'late' end,
      case when n % 2 = 0 then 'heard_again' else 'silent' end ${instants}`,
  telemetry: `
    insert into telemetry_history (account_id, terminal_id, id, at, field, value)
    select $1, $2, ${idOf("at")}, at, 'battery', jsonb_build_object('percent', n % 100) ${instants}`,
  operations: `
    insert into operations (
      account_id, id, terminal_id, operation, status, parameters, deadline, created_at, created_by, updated_at, updated_by,
      dispatched_at, delivered_at, started_at, answered_at, result, reason, late_result, told_late_at, store_ref
    )
    select $1, ${idOf("at")}, $2, 'open_menu', case when n % 20 = 0 then 'TIMEOUT' else 'COMPLETED' end, '{}',
      at + interval '15 seconds', at, '${clientId}', at + interval '2 seconds', $2, at, at, at,
      case when n % 20 <> 0 then at + interval '2 seconds' end, case when n % 20 <> 0 then '{"opened": true}'::jsonb end,
      case when n % 20 = 0 then 'no_answer' end,
      case when n % 20 = 0 then '{"status": "COMPLETED", "result": {"opened": true}}'::jsonb end,
      case when n % 20 = 0 then at + interval '20 seconds' end,
      (select store_ref from terminals where account_id = $1 and terminal_id = $2) ${instants}`,
  changes: `
    select count(audit_append($1, at, '${clientId}', '', '', 'terminal.update', 'terminal', $2, '{"device_model":"A"}', '{"device_model":"B"}'))
    ${instants}`,
};

/** Gives a terminal so many facts of all kinds, and answers how many entries they make. */
export async function seedFacts(db: Db, terminal: number, facts: number): Promise<void> {
  const of = (share: number) => Math.round((facts * share) / 100);
  const counts = {
    presence: of(shares.presence),
    telemetry: of(shares.telemetry),
    changes: of(shares.changes),
    operations: of((100 - shares.presence - shares.telemetry - shares.changes) / 2),
  };
  await run(
    db,
    `select tillkeeper_make_month(at) from generate_series(now() - interval '${days + 1} days', now(), interval '20 days') as at`,
  );
  for (const [name, count] of Object.entries(counts)) {
    await run(db, statements[name as keyof typeof statements], [accountId, terminalId(terminal), count]);
  }
}

/** They have been in their stores for as long as there are facts. */
export async function settleTerminals(db: Db): Promise<void> {
  await run(db, `update terminals set created_at = now() - interval '${days + 1} days', device_model = 'S1P2'`);
}

/** What autovacuum would do. */
export async function settle(db: Db): Promise<void> {
  const { rows } = await db.pool.query<{ name: string }>(
    "select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid where inhparent = 'operations'::regclass",
  );
  for (const name of [
    "presence_changes",
    "telemetry_history",
    "audit_log",
    "terminals",
    ...rows.map((row) => row.name),
  ]) {
    await run(db, `vacuum analyze ${name}`);
  }
  await run(db, "checkpoint");
}

async function run(db: Db, text: string, values: unknown[] = []): Promise<void> {
  await db.pool.query({ text, values, query_timeout: timeoutMs } as { text: string; values: unknown[] });
}
