import { Kysely, PostgresDialect, type Transaction } from "kysely";
import pg from "pg";
import type { Logger } from "../platform/log.ts";
import type { Tables } from "./schema.ts";

/** Where PostgreSQL is: a URL, or the parts of a connection to the embedded one. */
export type DatabaseLocation =
  | { connectionString: string }
  | { host: string; port: number; user: string; password: string; database: string };

/** `sql` for plain statements, `pool` for the hot ones that are written out and prepared by name. */
export interface Db {
  sql: Kysely<Tables>;
  pool: pg.Pool;
  close(): Promise<void>;
}

export type Tx = Transaction<Tables>;

const poolSize = 16;

export function openDb(location: DatabaseLocation, log: Logger): Db {
  const pool = new pg.Pool({
    ...location,
    max: poolSize,
    application_name: "tillkeeper",
    connectionTimeoutMillis: 5_000,
    // A server that hangs must not hold a request for ever.
    query_timeout: 30_000,
  });
  // An idle connection that breaks (database restart) is replaced on next use; unhandled, the event would end the process.
  pool.on("error", (error) => log.warn({ err: error }, "idle database connection lost"));
  const sql = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  // Destroying Kysely ends the pool it was given.
  return { sql, pool, close: () => sql.destroy() };
}
