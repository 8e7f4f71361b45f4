import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import type { PoolClient } from "pg";
import type { Logger } from "../platform/log/log.ts";
import { type Patience, patiently } from "../platform/patience.ts";
import { StartupError } from "../platform/startup-error.ts";
import { type DatabaseLocation, type Db, openDb, type PoolSizes } from "./db.ts";
import { startEmbeddedPostgres } from "./embedded/postgres.ts";
import { connectionToRunning } from "./embedded/running.ts";
import { isUnavailable } from "./failures.ts";
import { compareSchema, migrate } from "./migrate.ts";
import { ensureTenantIsolation, isTenantIsolationThere } from "./tenants/isolation.ts";

const oldest = 15;
const newest = 18;

interface OpenOptions {
  url: string | undefined;
  /** The file that holds the address, which is read again for each new connection. */
  urlFile?: string | undefined;
  connections?: Partial<PoolSizes> | undefined;
  dataDir: string;
  log: Logger;
  /** How long to wait for an outside database that is away. Default: not at all. */
  patience?: Patience | undefined;
  /** Whether to bring the schema up to date. Otherwise a schema that is older than this version is refused. Default: true. */
  migrates?: boolean | undefined;
}

/** Opens the outside database, or starts the embedded one, with this version's schema or a later one. Throws `StartupError`. */
export async function openDatabase({
  url,
  urlFile,
  dataDir,
  log,
  patience = { seconds: 0, log },
  migrates = true,
  connections,
}: OpenOptions): Promise<Db> {
  const embedded =
    url === undefined ? await startEmbeddedPostgres({ folder: join(dataDir, "postgres"), log }) : undefined;
  const db = openDb(
    url === undefined ? (embedded as NonNullable<typeof embedded>).connection : locationOf(url, urlFile),
    log,
    connections,
  );
  const close = async () => {
    await db.close();
    await embedded?.stop();
  };
  try {
    await patiently(patience, () =>
      reaching(async () => {
        await checkVersion(db);
        if (url !== undefined) await checkSessions(db);
      }),
    );
    const restoreRights = await prepareSchema(db, migrates, log);
    return { ...db, ...(restoreRights && { restoreRights }), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** How to reach that database now, for a connection beside the pools. Throws when the embedded one does not run. */
export function locationNow({
  url,
  urlFile,
  dataDir,
}: Pick<OpenOptions, "url" | "urlFile" | "dataDir">): DatabaseLocation {
  if (url === undefined) {
    const running = connectionToRunning(join(dataDir, "postgres"));
    if (!running) throw new Error("the embedded database does not run");
    return running;
  }
  const location = locationOf(url, urlFile);
  return "read" in location && location.read ? { connectionString: location.read() } : location;
}

function locationOf(url: string, file: string | undefined): DatabaseLocation {
  if (file === undefined) return { connectionString: url };
  let latest = url;
  const read = () => {
    try {
      latest = readFileSync(file, "utf8").trim() || latest;
    } catch {
      // The file may be replaced at this moment: the last address goes on.
    }
    return latest;
  };
  return { connectionString: url, read };
}

/** Makes or checks the schema, and the rights of tenants. Returns what gives those again. */
async function prepareSchema(db: Db, migrates: boolean, log: Logger): Promise<Db["restoreRights"]> {
  const found = await compareSchema(db);
  if (found === "older" && !migrates) {
    throw new StartupError(
      "The database has an older schema than this version, and TILLKEEPER_MIGRATE=false: run `tillkeeper migrate` first.",
    );
  }
  if (found === "older") await migrate(db, undefined, { log });
  // A later version may have migrated meanwhile.
  const schema = (await compareSchema(db)) === "newer" ? "newer" : "same";
  if (schema === "newer") log.warn("the database has the schema of a later version; this version goes on beside it");
  if (migrates) {
    await ensureTenantIsolation(db, schema);
  } else if (!(await isTenantIsolationThere(db, schema))) {
    throw new StartupError(
      "The rights that keep tenants apart are not those of this version, and TILLKEEPER_MIGRATE=false: run `tillkeeper migrate` first.",
    );
  }
  return migrates ? () => giveRightsAgain(db, log) : undefined;
}

async function giveRightsAgain(db: Db, log: Logger): Promise<boolean> {
  const schema = (await compareSchema(db)) === "newer" ? "newer" : "same";
  if (await isTenantIsolationThere(db, schema)) return false;
  log.warn("the rights of tenants had changed, as a start of an earlier version changes them; they are set again");
  await ensureTenantIsolation(db, schema);
  return true;
}

/**
 * Opens the embedded database that another process keeps on the data folder, as it is. Resolves with undefined when none
 * with this version's schema is ready there: a server may be starting. Throws `StartupError` for a newer schema.
 */
export async function openRunningDatabase({ dataDir, log }: { dataDir: string; log: Logger }): Promise<Db | undefined> {
  const running = connectionToRunning(join(dataDir, "postgres"));
  if (!running) return undefined;
  const db = openDb(running, log);
  // Until the first server has made the roles and the tables, all of this fails.
  const schema = await compareSchema(db).catch((error) => (error instanceof StartupError ? "newer" : "older"));
  // The rights of tenants come after the tables, and before the server answers.
  const ready = schema === "same" && (await isTenantIsolationThere(db).catch(() => false));
  if (ready) return db;
  await db.close();
  if (schema !== "newer") return undefined;
  throw new StartupError(
    `The server that runs on the data folder ${dataDir} is newer than this program: use the program of its version.`,
  );
}

/** Asks the database at the start. Rejects with a `StartupError` when it cannot be reached, which may pass when it is away or slow. */
export async function reaching<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw new StartupError(`The database (DATABASE_URL) cannot be reached: ${reasonOf(error)}.`, {
      cause: error,
      mayPass: isUnavailable(error),
    });
  }
}

async function checkVersion(db: Db): Promise<void> {
  const { rows } = await sql<{ version: number }>`select current_setting('server_version_num')::int as version`.execute(
    db.sql,
  );
  const major = Math.floor((rows[0]?.version ?? 0) / 10_000);
  if (major < oldest || major > newest) {
    throw new StartupError(
      `The database (DATABASE_URL) is PostgreSQL ${major}; this version needs ${oldest} to ${newest}.`,
    );
  }
}

/**
 * Refuses a pooler that changes the connection to the database after each transaction: prepared statements, and the
 * settings by which row security lets a server see all accounts, belong to a connection. Two connections take turns;
 * behind such a pooler they share processes of the database, or change them.
 */
async function checkSessions({ pool }: Db): Promise<void> {
  const clients: PoolClient[] = [];
  try {
    while (clients.length < 2) clients.push(await pool.connect());
    const seen: Set<number>[] = [new Set(), new Set()];
    for (let turn = 0; turn < 3; turn += 1) {
      for (const [place, client] of clients.entries()) {
        const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
        seen[place]?.add(rows[0]?.pid ?? 0);
      }
    }
    const all = new Set(seen.flatMap((pids) => [...pids]));
    if (seen.every(({ size }) => size === 1) && all.size === clients.length) return;
  } finally {
    for (const client of clients) client.release();
  }
  throw new StartupError(
    "The database (DATABASE_URL) is behind a pooler that changes connections between transactions (PgBouncer with pool_mode=transaction): let it pool by sessions, or name PostgreSQL itself.",
  );
}

/** Names only the fault: the address may hold a password. */
function reasonOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return (message || code || "no answer").replace(/\.$/, "");
}
