import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { Logger } from "../../platform/log/log.ts";
import { isLockTimeout, isRetryable } from "../failures.ts";
import type { MigrationFile } from "./files.ts";
import { droppedIndexes, type LockMode, locksOf } from "./locks.ts";
import { makeRecords, readRecords, record } from "./records.ts";

/** The lock that Kysely's migrator takes: programs of before must not migrate at the same time. */
const migrationLock = "3853314791062309107";

/**
 * How long a try waits for all its locks together. Statements of running servers queue behind a lock that is waited
 * for, and the hot ones give up after a second.
 */
export const lockWaitMs = 500;
/** Between two tries running servers work off what had queued. */
const pausesMs = [1_000, 2_000, 4_000, 8_000];
/** A migration that changes many rows takes its time; the driver must not end its connection meanwhile. */
const longestMs = 86_400_000;

export interface RunOptions {
  log?: Pick<Logger, "warn">;
  /** How long to go on trying while other transactions hold what a migration needs. */
  patienceMs: number;
}

/** Other transactions held a table for longer than the run was to try. The message says which. */
export class TablesHeld extends Error {}

/**
 * Runs a migration, unless it has run. It waits for its locks for `lockWaitMs` at most, then lets them go and tries
 * again later, so that a dump of the database delays the migration and not the servers. Returns whether it ran it.
 */
export async function runMigration(pool: pg.Pool, file: MigrationFile, options: RunOptions): Promise<boolean> {
  const giveUpAt = performance.now() + options.patienceMs;
  for (let tries = 0; ; tries += 1) {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      return await tryOnce(client, file);
    } catch (error) {
      // A connection on which rolling back fails is of no further use.
      await client.query("rollback").catch((failure: Error) => {
        broken = failure;
      });
      if (!isLockTimeout(error) && !isRetryable(error)) throw error;
      const holders = broken ? "" : await holdersOf(client, [...(await locksNeeded(client, file)).keys()]);
      options.log?.warn({ migration: file.name, holders }, "a migration waits: other transactions use its tables");
      if (performance.now() > giveUpAt) {
        throw new TablesHeld(`${file.name} waits for other transactions (${holders || "which are over now"})`, {
          cause: error,
        });
      }
    } finally {
      client.release(broken);
    }
    await sleep(pausesMs[Math.min(tries, pausesMs.length - 1)]);
  }
}

async function tryOnce(client: pg.PoolClient, file: MigrationFile): Promise<boolean> {
  await client.query("begin");
  // The hot pool's settings are for statements by keys. `lock_timeout` bounds the wait for another server's migration.
  await client.query(
    "set local lock_timeout = '10s'; set local enable_seqscan = on; set local enable_hashjoin = on; set local enable_mergejoin = on; set local plan_cache_mode = auto",
  );
  await client.query(`select pg_advisory_xact_lock(${migrationLock})`);
  await makeRecords(client);
  const ran = (await readRecords(client)).some(({ name }) => name === file.name);
  if (!ran) {
    await lockTables(client, await locksNeeded(client, file));
    await client.query({ text: file.text, query_timeout: longestMs } as pg.QueryConfig);
    await record(client, file.name, file.needs);
  }
  await client.query("commit");
  return !ran;
}

/** Locks all tables before the first change: a migration never waits for one table while it keeps another one changed. */
async function lockTables(client: pg.PoolClient, locks: Map<string, LockMode>): Promise<void> {
  const each = Math.max(50, Math.floor(lockWaitMs / Math.max(1, locks.size)));
  await client.query(`set local lock_timeout = '${each}ms'`);
  for (const [table, mode] of [...locks].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    await client.query(`lock table "${table}" in ${mode} mode`);
  }
}

/** The locks of a migration, of the tables that are there: no other transaction uses those that it makes itself. */
export async function locksNeeded(
  client: Pick<pg.ClientBase, "query">,
  file: Pick<MigrationFile, "text">,
): Promise<Map<string, LockMode>> {
  const locks = locksOf(file.text);
  const { rows: ofIndexes } = await client.query<{ name: string }>(
    "select distinct indrelid::regclass::text as name from pg_index where indexrelid = any(select to_regclass(name) from unnest($1::text[]) as name)",
    [droppedIndexes(file.text)],
  );
  for (const { name } of ofIndexes) locks.set(name, "access exclusive");
  const { rows } = await client.query<{ name: string }>(
    `select relname::text as name from pg_class
     where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and relname = any($1)`,
    [[...locks.keys()]],
  );
  return new Map(rows.map(({ name }) => [name, locks.get(name) as LockMode]));
}

/** Who uses the tables, in words. */
export async function holdersOf(client: Pick<pg.ClientBase, "query">, tables: readonly string[]): Promise<string> {
  const { rows } = await client.query<{ pid: number; application: string; seconds: number }>(
    `select pid, coalesce(nullif(application_name, ''), 'unnamed') as application,
       floor(extract(epoch from clock_timestamp() - xact_start))::int as seconds
     from pg_stat_activity
     where pid <> pg_backend_pid() and xact_start < clock_timestamp() - interval '1 second' and pid in (
       select pid from pg_locks where granted and relation = any(select to_regclass(name) from unnest($1::text[]) as name)
     ) order by xact_start limit 3`,
    [tables],
  );
  return rows.map(({ pid, application, seconds }) => `process ${pid}, ${application}, for ${seconds} s`).join("; ");
}
