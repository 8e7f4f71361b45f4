import type { ClientBase } from "pg";

/**
 * The last migration that is recorded in `kysely_migration`. Programs of before take each name there that they do not
 * know for damage, and do not start. So later migrations are recorded in `schema_migrations`, which they never read.
 */
const lastOfFirstTable = "0046_hooks_begin.sql";

/** Tables that hold what was run, and nothing else. Backups leave them out. */
export const recordTables = ["kysely_migration", "kysely_migration_lock", "schema_migrations"];

const makeTables = `
  create table if not exists kysely_migration (name varchar(255) primary key, timestamp varchar(255) not null);
  create table if not exists schema_migrations (name text primary key, ran_at timestamptz not null, needs text)`;

/** A migration that has run. */
export interface MigrationRecord {
  name: string;
  /** The oldest migration that a program must know since then. */
  needs: string | null;
}

/** Makes the tables of records where they are missing. Call it in the transaction that holds the lock. */
export async function makeRecords(client: Pick<ClientBase, "query">): Promise<void> {
  const { rows } = await client.query<{ missing: boolean }>(
    "select to_regclass('kysely_migration') is null or to_regclass('schema_migrations') is null as missing",
  );
  if (rows[0]?.missing) await client.query(makeTables);
}

/** What has run in a database, in order. Nothing in a database without the tables of records. */
export async function readRecords(client: Pick<ClientBase, "query">): Promise<MigrationRecord[]> {
  const { rows } = await client.query<{ first: boolean; second: boolean }>(
    "select to_regclass('kysely_migration') is not null as first, to_regclass('schema_migrations') is not null as second",
  );
  const parts = [
    ...(rows[0]?.first ? ["select name::text, null::text as needs from kysely_migration"] : []),
    ...(rows[0]?.second ? ["select name, needs from schema_migrations"] : []),
  ];
  if (parts.length === 0) return [];
  return (await client.query<MigrationRecord>(`${parts.join(" union all ")} order by name`)).rows;
}

/** Records a migration, in the transaction that runs it. */
export async function record(
  client: Pick<ClientBase, "query">,
  name: string,
  needs: string | undefined,
): Promise<void> {
  if (name <= lastOfFirstTable) {
    await client.query("insert into kysely_migration values ($1, $2)", [name, new Date().toISOString()]);
  } else {
    await client.query("insert into schema_migrations values ($1, clock_timestamp(), $2)", [name, needs]);
  }
}
