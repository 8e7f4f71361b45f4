import { setTimeout as sleep } from "node:timers/promises";
import { Kysely, PostgresDialect, type Transaction } from "kysely";
import pg from "pg";
import { fairTurns, type Turns } from "../platform/load/fair-turns.ts";
import type { Logger } from "../platform/log/log.ts";
import { isOverdue, unavailable } from "./failures.ts";
import type { Tables } from "./tables/schema.ts";

/**
 * Without this setting the owner of the tables sees no row, unless an account is set. It counts for the owner alone: the
 * policy is not addressed to the role that tenants' transactions take on.
 */
export const forAllAccounts = "set tillkeeper.all_accounts = on";

/** Where PostgreSQL is: a URL, or the parts of a connection to the embedded one. */
export type DatabaseLocation =
  | { connectionString: string }
  | { host: string; port: number; user: string; password: string; database: string; ssl?: false; options?: string };

/**
 * `sql` for plain statements, `pool` for the hot ones that are written out and prepared by name. Both work for all accounts;
 * what a tenant asks for goes through `inTenant`.
 */
export interface Db {
  sql: Kysely<Tables>;
  pool: pg.Pool;
  /** For what must not queue up behind requests and reports, nor wait on a connection that has gone dead: deadlines. */
  urgent: pg.Pool;
  /** Whose turn it is to use a plain connection: see `inTurn`. */
  turns: Turns;
  /** Whose turn it is to wait for another transaction on a hot connection. Few do at once, and one of an account at most. */
  waits: Turns;
  close(): Promise<void>;
}

export type Tx = Transaction<Tables>;

const connections = { plain: 12, hot: 6, urgent: 2 };
/** Of the plain ones, what callers may have at once: the rest is for workers, and for what the server does by itself. */
const forCallers = 8;
/** Of the hot ones, what waits for another transaction: a second of it holds up all that would come meanwhile. */
const hotForWaiters = 2;
/** A caller waits longer for a turn than for a connection: others go first. */
const turnPatienceMs = 10_000;
/** A database that does not answer any more must not hold up the end. */
const closeTimeoutMs = 3_000;

/**
 * The hot statements touch a few rows by their keys, and their prepared plans outlive the statistics they were made
 * from: a plan from when the tables were empty reads them whole later. Without these ways to read, only indexes are left.
 */
const byKeysOnly = "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off";

/**
 * With one way to read there is one plan, whatever the values are. Left to choose, PostgreSQL compares the plan for any batch
 * with those for the first batches of a connection; where these were small, it makes a plan anew for each batch from then on,
 * which costs five times what taking one answer costs.
 */
const plannedOnce = "set plan_cache_mode = force_generic_plan";

/**
 * Statements here take milliseconds, their compilation up to seconds: PostgreSQL begins it by the estimated cost, which a table that
 * must be read whole has beyond any measure where whole reads are off.
 */
const interpreted = "set jit = off";

/** A server that stalls in the middle of a transaction keeps its locks no longer than this. */
const endsWhenStalled = "set idle_in_transaction_session_timeout = '5s'";
/** And the hot statements wait for nobody's: one row that is locked must not hold up those that share its batch. */
const waitsBriefly = "set lock_timeout = '1s'";
/** What is urgent is tried again on another connection. */
const urgentTimeouts = { connectionTimeoutMillis: 1_000, query_timeout: 2_000 };
/** Plans do not outlive the tables that they were made for by more than this. */
const hotLifetimeSeconds = 600;

export function openDb(location: DatabaseLocation, log: Logger): Db {
  const plain = openPool({ ...location, max: connections.plain, onConnect: beginningWith() }, log);
  const byKeys = {
    ...location,
    maxLifetimeSeconds: hotLifetimeSeconds,
    onConnect: beginningWith(byKeysOnly, plannedOnce, waitsBriefly),
  };
  const hot = openPool({ ...byKeys, max: connections.hot }, log);
  const urgent = openPool({ ...byKeys, max: connections.urgent, ...urgentTimeouts }, log);
  const sql = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: plain }) });
  return {
    sql,
    pool: hot,
    urgent,
    turns: callersTurns(),
    waits: waitersTurns(),
    close: async () => {
      // Destroying Kysely ends the pool it was given.
      await Promise.all([
        ended(plain, () => sql.destroy()),
        ended(hot, () => hot.end()),
        ended(urgent, () => urgent.end()),
      ]);
    },
  };
}

function callersTurns(): Turns {
  return fairTurns({
    slots: forCallers,
    mostPerMember: 1_000,
    mostPerGroup: 1_000,
    mostWaiting: 20_000,
    patienceMs: turnPatienceMs,
    overload: () => unavailable(new Error("no turn to use the database came in time")),
  });
}

function waitersTurns(): Turns {
  return fairTurns({
    slots: hotForWaiters,
    mostPerMember: 100,
    mostPerGroup: 1_000,
    mostWaiting: 5_000,
    patienceMs: 5_000,
    overload: () => unavailable(new Error("no turn to wait for another transaction came in time")),
  });
}

/** Every connection begins with what holds for all, and its pool's own. The pool waits for the answer before it lends it out. */
function beginningWith(...own: string[]): (client: pg.ClientBase) => undefined {
  const settings = [forAllAccounts, interpreted, endsWhenStalled, ...own].join("; ");
  return (client) => client.query(settings) as unknown as undefined;
}

function openPool(config: pg.PoolConfig, log: Logger): pg.Pool {
  const pool = new pg.Pool({
    application_name: "tillkeeper",
    connectionTimeoutMillis: 5_000,
    // A server that hangs must not hold a request for ever.
    query_timeout: 30_000,
    ...config,
    // Nor a connection that nobody told of its end.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  // An idle connection that breaks (database restart) is replaced on next use; unhandled, the event would end the process.
  // Only its words are logged: the error object carries the whole connection, password included.
  pool.on("error", ({ message }) => log.warn({ reason: message }, "idle database connection lost"));
  // The same for one that breaks while it is lent out, between two statements of a transaction: the next one fails then.
  pool.on("connect", (client) => {
    client.on("error", ({ message }) => log.warn({ reason: message }, "database connection lost"));
    endWithOverdueAnswer(client);
  });
  return pool;
}

/**
 * Ends a connection on which an answer is overdue. It would be lent out again although it is still busy, or although
 * nothing will ever come from it any more: then each request that it is lent to would wait in vain.
 */
function endWithOverdueAnswer(client: pg.PoolClient): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  client.query = (...args: unknown[]) => {
    const answer = query(...args);
    if (answer instanceof Promise) {
      answer.catch((error: unknown) => {
        // The pool, which looks at it next, does not take back what is ending.
        if (isOverdue(error)) void (client as unknown as pg.Client).end();
      });
    }
    return answer as never;
  };
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
