import type { NetConnectOpts } from "node:net";
import type { Db } from "@tillkeeper/server/db/db";
import type { Instant, Period } from "../checker/history.ts";

/** The database of a run. */
export interface Database {
  /** Connection for direct queries, past all proxies. */
  readonly db: Db;
  /** Where proxies connect to. Undefined while they must not reach the database. */
  readonly address: NetConnectOpts | undefined;
  /** Instant of the last commit that a probe has seen; infinite without a probe. */
  readonly commitsAt: Instant;
  /** Returns the `DATABASE_URL` for a server that connects through this port of loopback. */
  urlAt(port: number): string;
  stop(): Promise<void>;
}

/** Another machine came to lead, or the same one on a new timeline. */
export interface Promotion {
  /** Instant at which it was first seen to lead. */
  at: Instant;
  /** Instant at which the leader before it was last seen with a standby. */
  followedAt: Instant;
}

/** What happened to a database with a standby. */
export interface Failovers {
  promotions: readonly Promotion[];
  /** Periods in which commits succeed, in order. */
  commits: readonly Period[];
}
