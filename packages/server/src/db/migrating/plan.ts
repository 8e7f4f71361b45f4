import type { Db } from "../db.ts";
import { pendingMigrations } from "../migrate.ts";
import { type LockMode, writtenTables } from "./locks.ts";
import { holdersOf, locksNeeded, lockWaitMs } from "./run.ts";

/** What a migration will do to running servers. */
export interface PlannedMigration {
  name: string;
  locks: { table: string; mode: LockMode; rows: number }[];
  /** Tables whose rows it writes or reads through, with how many rows there are about: the locks last as long. */
  writes: { table: string; rows: number }[];
  /** The oldest version's migration that can run afterwards; left out, all that run now. */
  needs: string | undefined;
}

export interface MigrationPlan {
  migrations: PlannedMigration[];
  /** How long statements of running servers may wait behind one try to lock. */
  lockWaitMs: number;
  /** Transactions that would keep it waiting now, in words; empty when there are none. */
  holders: string;
}

/** What `migrate` would do, and how long it may lock. Changes nothing, and locks nothing. */
export async function planMigrations(db: Pick<Db, "pool">): Promise<MigrationPlan> {
  const migrations: PlannedMigration[] = [];
  for (const file of await pendingMigrations(db)) {
    const locks = [...(await locksNeeded(db.pool, file))];
    const rows = await rowsOf(db, [...locks.map(([table]) => table), ...writtenTables(file.text)]);
    migrations.push({
      name: file.name,
      locks: locks.map(([table, mode]) => ({ table, mode, rows: rows.get(table) ?? 0 })),
      writes: writtenTables(file.text).flatMap((table) => {
        const known = rows.get(table);
        return known === undefined ? [] : [{ table, rows: known }];
      }),
      needs: file.needs,
    });
  }
  const exclusive = migrations.flatMap(({ locks }) => locks.map(({ table }) => table));
  return { migrations, lockWaitMs, holders: await holdersOf(db.pool, exclusive) };
}

/** About how many rows the tables have that are there; partitions count with their table. */
async function rowsOf({ pool }: Pick<Db, "pool">, tables: string[]): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ name: string; rows: number }>(
    `select named.relname::text as name, (
       select coalesce(sum(greatest(part.reltuples, 0)), 0)::float8 from pg_partition_tree(named.oid)
       join pg_class as part on part.oid = relid
     ) + case when named.relkind = 'r' and not named.relispartition then greatest(named.reltuples, 0) else 0 end as rows
     from pg_class as named
     where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and relname = any($1)`,
    [tables],
  );
  return new Map(rows.map(({ name, rows: count }) => [name, Math.round(count)]));
}
