import type { ClientBase } from "pg";
import { readRecords, recordTables } from "../migrating/records.ts";

/** A table whose rows a backup holds, with the columns that can be written. */
export interface BackupTable {
  name: string;
  columns: string[];
}

/**
 * Tables that a backup does not hold: the migrations that have run, and the place of files of the database, because a restored
 * database may get a copy of the place, or one without the files that are lost.
 */
const leftOut = [...recordTables, "file_place"];

/** Every table of the schema that belongs to a backup, referenced tables first. Partitions are read and written through their parent tables. */
export async function tablesInOrder(client: ClientBase): Promise<BackupTable[]> {
  const { rows } = await client.query<BackupTable & { references: string[] }>(
    `select relname::text as name,
       array(
         select attname::text from pg_attribute
         where attrelid = pg_class.oid and attnum > 0 and not attisdropped and attgenerated = '' order by attnum
       ) as columns,
       array(
         select distinct other.relname::text from pg_constraint join pg_class as other on other.oid = confrelid
         where conrelid = pg_class.oid and contype = 'f' and confrelid <> conrelid and conparentid = 0
       ) as references
     from pg_class
     where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition
       and relname <> all($1)
     order by relname`,
    [leftOut],
  );
  const ordered: BackupTable[] = [];
  let left = rows;
  while (left.length > 0) {
    const names = new Set(left.map(({ name }) => name));
    const free = left.filter(({ references }) => !references.some((name) => names.has(name)));
    if (free.length === 0) throw new Error(`the tables ${[...names].join(", ")} refer to each other in a circle`);
    ordered.push(...free.map(({ name, columns }) => ({ name, columns })));
    left = left.filter((table) => !free.includes(table));
  }
  return ordered;
}

/** The first days of the months that `operations` has partitions for. */
export async function monthsOfOperations(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ month: string }>(
    `select to_char(to_date(right(relname, 7), 'YYYY_MM'), 'YYYY-MM-DD') as month
     from pg_inherits join pg_class on pg_class.oid = inhrelid
     where inhparent = 'operations'::regclass and relname ~ '^operations_\\d{4}_\\d{2}$' order by 1`,
  );
  return rows.map(({ month }) => month);
}

/** The first days of the weeks that `events` has partitions for. */
export async function weeksOfEvents(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ week: string }>(
    `select to_char(to_date(right(relname, 10), 'YYYY_MM_DD'), 'YYYY-MM-DD') as week
     from pg_class
     where relnamespace = current_schema()::regnamespace and relispartition and relname ~ '^events_\\d{4}_\\d{2}_\\d{2}$' order by 1`,
  );
  return rows.map(({ week }) => week);
}

/** Continues the numbers of rows that number themselves behind the rows that are there. */
export async function continueNumbers(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string }>(
    `select relname as table, attname as column
     from pg_attribute join pg_class on pg_class.oid = attrelid
     where relnamespace = current_schema()::regnamespace and attidentity <> '' and not attisdropped`,
  );
  for (const { table, column } of rows) {
    await client.query(
      `select setval(pg_get_serial_sequence($1, $2), coalesce(max(${quoted(column)}), 0) + 1, false) from ${quoted(table)}`,
      [quoted(table), column],
    );
  }
}

/** The migration that ran last; undefined in a database without migrations. */
export async function lastMigration(client: ClientBase): Promise<string | undefined> {
  return (await readRecords(client)).at(-1)?.name;
}

export async function countRows(client: ClientBase, table: string): Promise<number> {
  const { rows } = await client.query<{ n: string }>(`select count(*) as n from ${quoted(table)}`);
  return Number(rows[0]?.n);
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export const columnList = ({ columns }: BackupTable): string => columns.map(quoted).join(", ");
