import { type Db, openDb } from "@tillkeeper/server/db/db";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { Child } from "./child.ts";
import type { ServerPlace, ServerSetUp } from "./children/server.ts";
import { type Credentials, seedAccount, seedTerminals } from "./seed.ts";

/** The server that is measured, in its own process, and a connection to its database beside it. */
export interface Subject extends ServerPlace {
  db: Db;
  server: Child;
  /** An access token that may send operations. */
  token: string;
}

export interface SubjectOptions extends ServerSetUp {
  stores?: number;
}

/** A server with an account, a client that sends operations, and so many terminals. */
export async function startSubject(
  closing: Closing,
  terminals: number,
  { stores = 1, ...setUp }: SubjectOptions = {},
): Promise<Subject> {
  const empty = await startEmptySubject(closing, setUp);
  const credentials = await seedAccount(empty.db);
  await seedTerminals(empty.db, terminals, stores);
  return { ...empty, token: await fetchToken(empty.httpUrl, credentials) };
}

/** The same without any account. */
export async function startEmptySubject(closing: Closing, setUp: ServerSetUp = {}): Promise<Omit<Subject, "token">> {
  const server = Child.start("server", closing);
  const place = await server.call<ServerPlace>("start", setUp);
  const db = openDb(place.database, createLogger("error"));
  closing.add(() => db.close());
  return { ...place, server, db };
}

/** What durability the figures were taken with. */
export async function printDatabase({ db }: Pick<Subject, "db">): Promise<void> {
  const { rows } = await db.pool.query<Record<string, string>>(
    `select current_setting('server_version') as version, current_setting('fsync') as fsync,
       current_setting('synchronous_commit') as synchronous_commit, current_setting('shared_buffers') as buffers`,
  );
  const { version, fsync, synchronous_commit: commit, buffers } = rows[0] ?? {};
  console.log(`PostgreSQL ${version}, fsync ${fsync}, synchronous_commit ${commit}, shared_buffers ${buffers}\n`);
}

/** An access token with everything that the client may do in its own account. */
export async function fetchToken(httpUrl: string, { accountId, clientId, secret }: Credentials): Promise<string> {
  const response = await fetch(`${httpUrl}/v1/accounts/${accountId}/auth/token`, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString("base64")}`,
      "content-type": "application/json",
      connection: "close",
    },
    body: JSON.stringify({ grant_type: "client_credentials", audience: `${httpUrl}/v1/accounts/${accountId}` }),
  });
  if (!response.ok) throw new Error(`no token: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { access_token: string }).access_token;
}

/** Empties what the last round has left, so that each one meets equal tables. */
export async function clearOperations(db: Db): Promise<void> {
  await db.pool.query("truncate operations, operation_claims");
  await db.pool.query("checkpoint");
}

/** How many operations and how many claims of live ones there are. */
export async function countRows(db: Db): Promise<{ operations: number; claims: number }> {
  const { rows } = await db.pool.query<{ operations: number; claims: number }>(
    "select (select count(*)::int from operations) as operations, (select count(*)::int from operation_claims) as claims",
  );
  return rows[0] ?? { operations: 0, claims: 0 };
}
