import { setTimeout as sleep } from "node:timers/promises";
import { Kysely, PostgresDialect, type Transaction } from "kysely";
import pg from "pg";
import { defaultConnections } from "../config/settings.ts";
import { fairTurns, type Turns } from "../platform/load/fair-turns.ts";
import type { Logger } from "../platform/log/log.ts";
import { isOverdue, isReadOnly, isStaleStatement, unavailable } from "./failures.ts";
import { tellOfInserts } from "./inserts.ts";
import { prepareMarked } from "./prepared.ts";
import type { Tables } from "./tables/schema.ts";

/**
 * Lets the owner of the tables see the rows of all accounts; else it sees none without an account. The setting has no
 * effect on the tenants' role: the policy is for the owner alone.
 */
export const allAccountsSetting = "set tillkeeper.all_accounts = on";

/** How to reach PostgreSQL: a URL, or the parts of a connection to the embedded one. */
export type DatabaseLocation =
  /** `read` gives the address for each new connection: its password may change while the server runs. */
  | { connectionString: string; read?: (() => string) | undefined }
  | { host: string; port: number; user: string; password: string; database: string; ssl?: false; options?: string };

/**
 * Connections to the database. `sql` is for plain statements, `pool` for the hot ones, which are written by hand and
 * prepared by name. Both see all accounts; statements for tenants' requests go through `inTenant`.
 */
export interface Db {
  sql: Kysely<Tables>;
  pool: pg.Pool;
  /** For deadlines, which must queue neither behind requests and reports nor on a dead connection. */
  urgent: pg.Pool;
  /** Order in which callers use plain connections: see `inTurn`. */
  turns: Turns;
  /**
   * Order in which statements may wait for other transactions on hot connections. Few wait at once, and at most one of
   * an account.
   */
  waits: Turns;
  /** How busy each pool of connections is. */
  loads(): PoolLoad[];
  /** The listener is called after a transaction of this process that may have written events: soon, and at times for nothing. */
  onEventsWritten(listener: () => void): void;
  /**
   * Gives the tenants' role its rights again when another program has taken them away. Resolves with false when they
   * were not the fault. Left out in a database that was opened without its rights.
   */
  restoreRights?(): Promise<boolean>;
  close(): Promise<void>;
}

/** How many connections of a pool are lent out or idle, and how many callers wait for one. */
export interface PoolLoad {
  pool: "plain" | "hot" | "urgent";
  busy: number;
  idle: number;
  waiting: number;
}

export type Tx = Transaction<Tables>;

/** The share of plain connections that callers may use at once. The rest is for workers and the server's own work. */
const forCallers = 2 / 3;
/** The share of hot ones that may wait for another transaction: a wait of a second delays every batch behind it. */
const forWaiters = 1 / 3;
/** A part of a pool: at least one connection, so that no caller waits for ever. */
const partOf = (size: number, share: number) => Math.max(1, Math.round(size * share));
/** A caller waits longer for a turn than for a connection, because other callers go first. */
const turnTimeoutMs = 10_000;
/** A database that has stopped answering must not delay the shutdown longer. */
const closeTimeoutMs = 3_000;

/**
 * Leaves only index scans. The hot statements read a few rows by their keys, and their prepared plans outlive the
 * statistics they were made from. A plan from when the tables were empty would later scan whole tables. What is found for a row is
 * not remembered, because keys hardly come twice in a batch.
 */
const indexScansOnly =
  "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set enable_memoize = off";

/**
 * Makes one plan per statement, which index scans make independent of the values. By default PostgreSQL compares the
 * generic plan for any batch with plans for the first batches of a connection. When those were small, it plans each
 * later batch anew, which costs five times as much as taking one answer.
 */
const genericPlans = "set plan_cache_mode = force_generic_plan";

/**
 * Turns off JIT compilation. Statements here take milliseconds, compilation takes up to seconds. PostgreSQL compiles by
 * the estimated cost, which is huge for a sequential scan while such scans are off.
 */
const withoutJit = "set jit = off";

/** A server that stalls in the middle of a transaction keeps its locks no longer than this. */
const idleTransactionTimeout = "set idle_in_transaction_session_timeout = '5s'";
/** The hot statements wait no longer for a lock: one locked row must not hold up the other rows of its batch. */
const lockTimeout = "set lock_timeout = '1s'";
/** Urgent statements are tried again on another connection. */
const urgentTimeouts = { connectionTimeoutMillis: 1_000, query_timeout: 2_000 };
/** Upper limit for the age of a prepared plan, so that plans follow the tables' growth. */
const hotLifetimeSeconds = 600;

/** How many connections each pool opens at most. */
export type PoolSizes = typeof defaultConnections;

/** Opens the pools of connections, which connect on first use. The caller closes them. */
export function openDb(location: DatabaseLocation, log: Logger, sizes: Partial<PoolSizes> = {}): Db {
  const connections = { ...defaultConnections, ...sizes };
  const plain = openPool({ ...location, max: connections.plain, onConnect: runOnConnect() }, log);
  plain.on("connect", prepareMarked);
  const byKeys = {
    ...location,
    maxLifetimeSeconds: hotLifetimeSeconds,
    onConnect: runOnConnect(indexScansOnly, genericPlans, lockTimeout),
  };
  const hot = openPool({ ...byKeys, max: connections.hot }, log);
  const urgent = openPool({ ...byKeys, max: connections.urgent, ...urgentTimeouts }, log);
  let eventsWritten = () => {};
  tellOfInserts([plain, hot, urgent], "new_events", () => eventsWritten());
  const sql = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: plain }) });
  return {
    sql,
    pool: hot,
    urgent,
    turns: callersTurns(partOf(connections.plain, forCallers)),
    waits: waitersTurns(partOf(connections.hot, forWaiters)),
    loads: () =>
      Object.entries({ plain, hot, urgent }).map(([pool, { totalCount, idleCount: idle, waitingCount: waiting }]) => ({
        pool: pool as PoolLoad["pool"],
        busy: totalCount - idle,
        idle,
        waiting,
      })),
    onEventsWritten: (listener) => {
      eventsWritten = listener;
    },
    close: async () => {
      // Destroying Kysely ends the pool it was given.
      await Promise.all([
        endPool(plain, () => sql.destroy()),
        endPool(hot, () => hot.end()),
        endPool(urgent, () => urgent.end()),
      ]);
    },
  };
}

function callersTurns(slots: number): Turns {
  return fairTurns({
    slots,
    mostPerMember: 1_000,
    mostPerGroup: 1_000,
    mostWaiting: 20_000,
    patienceMs: turnTimeoutMs,
    overload: () => unavailable(new Error("no turn to use the database came in time")),
  });
}

function waitersTurns(slots: number): Turns {
  return fairTurns({
    slots,
    mostPerMember: 100,
    mostPerGroup: 1_000,
    mostWaiting: 5_000,
    patienceMs: 5_000,
    overload: () => unavailable(new Error("no turn to wait for another transaction came in time")),
  });
}

/**
 * Runs the settings of all connections, and those of its pool, on a new connection. The pool waits for the answer
 * before it lends the connection out.
 */
function runOnConnect(...own: string[]): (client: pg.ClientBase) => undefined {
  const settings = [allAccountsSetting, withoutJit, idleTransactionTimeout, ...own].join("; ");
  return (client) => client.query(settings) as unknown as undefined;
}

function openPool(config: pg.PoolConfig & { read?: (() => string) | undefined }, log: Logger): pg.Pool {
  const { read } = config;
  const pool = new pg.Pool({
    ...(read && { Client: clientReading(read) }),
    application_name: "tillkeeper",
    connectionTimeoutMillis: 5_000,
    // A hanging database server must not hold a request for ever.
    query_timeout: 30_000,
    ...config,
    // Detects a connection whose peer has vanished without closing it.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  // An idle connection that breaks (database restart) is replaced on next use; unhandled, the event would end the
  // process. Only the message is logged: the error object holds the whole connection, password included.
  pool.on("error", ({ message }) => log.warn({ reason: message }, "idle database connection lost"));
  // A lent connection may break, too, between two statements of a transaction; its next statement fails then.
  pool.on("connect", (client) => {
    client.on("error", ({ message }) => log.warn({ reason: message }, "database connection lost"));
    endOnTimeout(client);
  });
  return pool;
}

/** A client whose address is read when it is made. */
function clientReading(read: () => string): new (config?: string | pg.ClientConfig) => pg.Client {
  return class extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      super({ ...(config as pg.ClientConfig), connectionString: read() });
    }
  };
}

/**
 * Ends a connection on which an answer is overdue, a prepared statement is not what it was, or nothing can be written. The
 * pool would lend it out again although it is still busy, dead, or leads to a standby. Every request that got it would
 * then wait in vain, or fail.
 */
function endOnTimeout(client: pg.PoolClient): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  client.query = (...args: unknown[]) => {
    const answer = query(...args);
    if (answer instanceof Promise) {
      answer.catch((error: unknown) => {
        // The pool checks the connection next, and does not take back one that is ending.
        if (isOverdue(error) || isStaleStatement(error) || isReadOnly(error))
          void (client as unknown as pg.Client).end();
      });
    }
    return answer as never;
  };
}

/**
 * Ends a pool and waits until its connections have closed. The pool counts a connection as ended once it has sent its
 * goodbye. A database that stops right then would log an error.
 */
async function endPool(pool: pg.Pool, end: () => Promise<void>): Promise<void> {
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
