import { setTimeout as sleep } from "node:timers/promises";
import { Kysely, PostgresDialect, type Transaction } from "kysely";
import pg from "pg";
import type { Logger } from "../platform/log.ts";
import type { Tables } from "./schema.ts";

/** Where PostgreSQL is: a URL, or the parts of a connection to the embedded one. */
export type DatabaseLocation =
  | { connectionString: string }
  | { host: string; port: number; user: string; password: string; database: string; ssl?: false; options?: string };

/** `sql` for plain statements, `pool` for the hot ones that are written out and prepared by name. */
export interface Db {
  sql: Kysely<Tables>;
  pool: pg.Pool;
  /** The user is exempt from row-level security, so tenants' transactions take on a role that is not. */
  bypassesRowSecurity: boolean;
  close(): Promise<void>;
}

export type Tx = Transaction<Tables>;

const connections = { plain: 12, hot: 6 };
/** A database that does not answer any more must not hold up the end. */
const closeTimeoutMs = 3_000;

/**
 * The hot statements touch a few rows by their keys, and their prepared plans outlive the statistics they were made
 * from: a plan from when the tables were empty reads them whole later. Without these ways to read, only indexes are left.
 */
const byKeysOnly = "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off";

export function openDb(location: DatabaseLocation, log: Logger): Db {
  const plain = openPool({ ...location, max: connections.plain }, log);
  const hot = openPool(
    {
      ...location,
      max: connections.hot,
      // The pool waits for what this answers before it lends the connection out.
      onConnect: (client) => client.query(byKeysOnly) as unknown as undefined,
    },
    log,
  );
  const sql = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: plain }) });
  return {
    sql,
    pool: hot,
    bypassesRowSecurity: false,
    close: async () => {
      // Destroying Kysely ends the pool it was given.
      await Promise.all([ended(plain, () => sql.destroy()), ended(hot, () => hot.end())]);
    },
  };
}

function openPool(config: pg.PoolConfig, log: Logger): pg.Pool {
  const pool = new pg.Pool({
    ...config,
    application_name: "tillkeeper",
    connectionTimeoutMillis: 5_000,
    // A server that hangs must not hold a request for ever.
    query_timeout: 30_000,
  });
  // An idle connection that breaks (database restart) is replaced on next use; unhandled, the event would end the process.
  // Only its words are logged: the error object carries the whole connection, password included.
  pool.on("error", ({ message }) => log.warn({ reason: message }, "idle database connection lost"));
  // The same for one that breaks while it is lent out, between two statements of a transaction: the next one fails then.
  pool.on("connect", (client) => {
    client.on("error", ({ message }) => log.warn({ reason: message }, "database connection lost"));
  });
  return pool;
}

/** The pool counts a connection as ended when it has said so; a database that stops right then would complain about it. */
async function ended(pool: pg.Pool, end: () => Promise<void>): Promise<void> {
  let open = pool.totalCount;
  const gone = new Promise<void>((resolve) => {
    if (open === 0) resolve();
    pool.on("remove", () => {
      open -= 1;
      if (open <= 0) resolve();
    });
  });
  await end();
  await Promise.race([gone, sleep(closeTimeoutMs, undefined, { ref: false })]);
}
