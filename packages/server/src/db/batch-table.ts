import { type RawBuilder, sql } from "kysely";

/** The JavaScript type of a column's values, by its SQL type. */
interface Values {
  text: string;
  uuid: string;
  boolean: boolean;
  smallint: number;
  integer: number;
  bigint: number;
  timestamptz: Date;
  bytea: Buffer;
  /** Written as JSON; null and undefined are SQL's null. */
  jsonb: unknown;
}

/** Its SQL type, and its value in a row. */
type Column<Row> = { [Type in keyof Values]: readonly [Type, (row: Row) => Values[Type] | null] }[keyof Values];

/** A batch of rows as a table of one statement: each column is an array, so the text is the same for any number of rows. */
export interface BatchTable<Row> {
  /** The names of the columns, for the list of an INSERT. */
  readonly columns: string;
  /** The first parameter after those of the batch, for a value that is not in its rows. */
  readonly next: string;
  /** The table for a FROM of a statement whose first parameters are `values`. */
  as(alias: string): string;
  /** `as` with a last column, `position`, that counts the rows from 1. */
  numberedAs(alias: string): string;
  values(rows: readonly Row[]): unknown[][];
  /** The table for a FROM of a Kysely statement, values included. */
  of(rows: readonly Row[], alias: string): RawBuilder<unknown>;
  /** `of` with a last column, `position`, that counts the rows from 1. */
  numberedOf(rows: readonly Row[], alias: string): RawBuilder<unknown>;
}

/** Makes a batch table from one list of columns: the text for the statement and its parameter values. */
export function batchTable<Row>(columns: Record<string, Column<Row>>): BatchTable<Row> {
  const names = Object.keys(columns).join(", ");
  const list = Object.values(columns);
  const types = list.map(([type]) => type);
  const arrays = types.map((type, index) => `$${index + 1}::${type}[]`).join(", ");
  const values = (rows: readonly Row[]) => list.map((column) => rows.map((row) => valueOf(column, row)));
  const bound = (rows: readonly Row[]) => {
    const parameters = values(rows).map((array, index) => sql`${array}::${sql.raw(types[index] as string)}[]`);
    return sql`unnest(${sql.join(parameters)})`;
  };
  const plain = (alias: string) => `as ${alias} (${names})`;
  const numbered = (alias: string) => `with ordinality as ${alias} (${names}, position)`;
  return {
    columns: names,
    next: `$${list.length + 1}`,
    as: (alias) => `unnest(${arrays}) ${plain(alias)}`,
    numberedAs: (alias) => `unnest(${arrays}) ${numbered(alias)}`,
    values,
    of: (rows, alias) => sql`${bound(rows)} ${sql.raw(plain(alias))}`,
    numberedOf: (rows, alias) => sql`${bound(rows)} ${sql.raw(numbered(alias))}`,
  };
}

function valueOf<Row>([type, read]: Column<Row>, row: Row): unknown {
  const value = read(row);
  return type === "jsonb" && value !== null && value !== undefined ? JSON.stringify(value) : value;
}

/** Puts the rows of an answer in the order of the batch, by their `position`. */
export function inBatchOrder<Found extends { position: number }>(
  batch: readonly unknown[],
  found: readonly Found[],
): (Found | undefined)[] {
  const all: (Found | undefined)[] = batch.map(() => undefined);
  // PostgreSQL counts from 1.
  for (const row of found) all[row.position - 1] = row;
  return all;
}
