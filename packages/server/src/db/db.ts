import { setTimeout as sleep } from "node:timers/promises";
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
  /** The user is exempt from row-level security, so tenants' transactions take on a role that is not. */
  bypassesRowSecurity: boolean;
  close(): Promise<void>;
}

export type Tx = Transaction<Tables>;

const poolSize = 16;
/** A database that does not answer any more must not hold up the end. */
const closeTimeoutMs = 3_000;

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
  // Only its words are logged: the error object carries the whole connection, password included.
  pool.on("error", ({ message }) => log.warn({ reason: message }, "idle database connection lost"));
  const sql = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return { sql, pool, bypassesRowSecurity: false, close: () => closeAll(sql, pool) };
}

/** The pool counts a connection as ended when it has said so; a database that stops right then would complain about it. */
async function closeAll(sql: Kysely<Tables>, pool: pg.Pool): Promise<void> {
  let open = pool.totalCount;
  const gone = new Promise<void>((resolve) => {
    if (open === 0) resolve();
    pool.on("remove", () => {
      open -= 1;
      if (open <= 0) resolve();
    });
  });
  // Destroying Kysely ends the pool it was given.
  await sql.destroy();
  await Promise.race([gone, sleep(closeTimeoutMs, undefined, { ref: false })]);
}
