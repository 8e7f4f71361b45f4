import type { ColumnType } from "kysely";

/** `jsonb`: read as a value, written as text, because `pg` would turn an array into a PostgreSQL array. */
export type Json<T> = ColumnType<T, string, string>;
