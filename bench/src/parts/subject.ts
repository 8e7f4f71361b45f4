import { type Db, openDb } from "@tillkeeper/server/db/db";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { seedAccount } from "@tillkeeper/stage/accounts/accounts";
import { fetchToken } from "@tillkeeper/stage/accounts/tokens";
import type { ServerPlace, ServerSetUp } from "../children/server.ts";
import { Child } from "./child.ts";
import { seedTerminals, sender } from "./seed.ts";

/** The measured server in its own process, and this process's connection to its database. */
export interface Subject extends ServerPlace {
  db: Db;
  server: Child;
  /** An access token that may send operations. */
  token: string;
}

export interface SubjectOptions extends ServerSetUp {
  stores?: number;
}

/** Starts a server with an account, a client that may send operations, and `terminals` terminals. */
export async function startSubject(
  closing: Closing,
  terminals: number,
  { stores = 1, ...setUp }: SubjectOptions = {},
): Promise<Subject> {
  const empty = await startEmptySubject(closing, setUp);
  const credentials = await seedAccount(empty.db, sender);
  await seedTerminals(empty.db, terminals, stores);
  return { ...empty, token: await fetchToken(empty.httpUrl, credentials) };
}

/** Starts a server without any account. */
export async function startEmptySubject(closing: Closing, setUp: ServerSetUp = {}): Promise<Omit<Subject, "token">> {
  const server = Child.start("server", closing);
  const place = await server.call<ServerPlace>("start", setUp);
  const db = openDb(place.database, createLogger("error"));
  closing.add(() => db.close());
  return { ...place, server, db };
}

/** Prints the database's version and durability settings, on which the figures depend. */
export async function printDatabase({ db }: Pick<Subject, "db">): Promise<void> {
  const { rows } = await db.pool.query<Record<string, string>>(
    `select current_setting('server_version') as version, current_setting('fsync') as fsync,
       current_setting('synchronous_commit') as synchronous_commit, current_setting('shared_buffers') as buffers`,
  );
  const { version, fsync, synchronous_commit: commit, buffers } = rows[0] ?? {};
  console.log(`PostgreSQL ${version}, fsync ${fsync}, synchronous_commit ${commit}, shared_buffers ${buffers}\n`);
}

/** Empties the tables of operations, claims and events, so that each round starts with equal tables. */
export async function clearOperations(db: Db): Promise<void> {
  await db.pool.query("truncate operations, operation_claims, new_events, events");
  await db.pool.query("checkpoint");
}

/** Counts the operations, the claims of live operations, and the events, with and without their places. */
export async function countRows(db: Db): Promise<{ operations: number; claims: number; events: number }> {
  const { rows } = await db.pool.query<{ operations: number; claims: number; events: number }>(
    `select (select count(*)::int from operations) as operations, (select count(*)::int from operation_claims) as claims,
       (select count(*)::int from new_events) + (select count(*)::int from events) as events`,
  );
  return rows[0] ?? { operations: 0, claims: 0, events: 0 };
}
