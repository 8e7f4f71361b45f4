import { join } from "node:path";
import { sql } from "kysely";
import type { Logger } from "../platform/log/log.ts";
import { StartupError } from "../platform/startup-error.ts";
import { type Db, openDb } from "./db.ts";
import { startEmbeddedPostgres } from "./embedded/postgres.ts";
import { connectionToRunning } from "./embedded/running.ts";
import { hasThisSchema, migrate } from "./migrate.ts";
import { ensureTenantIsolation } from "./tenants/isolation.ts";

const oldest = 15;
const newest = 18;

/** Opens the outside database, or starts the embedded one, and brings its schema up to date. Throws `StartupError`. */
export async function openDatabase({
  url,
  dataDir,
  log,
}: {
  url: string | undefined;
  dataDir: string;
  log: Logger;
}): Promise<Db> {
  const embedded =
    url === undefined ? await startEmbeddedPostgres({ folder: join(dataDir, "postgres"), log }) : undefined;
  const db = openDb(
    url === undefined ? (embedded as NonNullable<typeof embedded>).connection : { connectionString: url },
    log,
  );
  const close = async () => {
    await db.close();
    await embedded?.stop();
  };
  try {
    await checkVersion(db);
    await migrate(db);
    await ensureTenantIsolation(db);
    return { ...db, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Opens the embedded database that another process keeps on the data folder, as it is. Throws `StartupError` when none is
 * ready there, or when it has another version's schema; both are so for moments while a server starts.
 */
export async function openRunningDatabase({ dataDir, log }: { dataDir: string; log: Logger }): Promise<Db> {
  const running = connectionToRunning(join(dataDir, "postgres"));
  if (!running) throw new StartupError(`No database is ready in the data folder ${dataDir}`);
  const db = openDb(running, log);
  const same = await hasThisSchema(db).catch((error: unknown) => error);
  if (same === true) return db;
  await db.close();
  if (same === false) throw new StartupError("The server is of another version than this program");
  throw new StartupError(`The database of the running server cannot be reached: ${reasonOf(same)}`, { cause: same });
}

async function checkVersion(db: Db): Promise<void> {
  const answer = await sql<{ version: number }>`select current_setting('server_version_num')::int as version`
    .execute(db.sql)
    .catch((error: unknown) => {
      throw new StartupError(`The database (DATABASE_URL) cannot be reached: ${reasonOf(error)}.`, { cause: error });
    });
  const major = Math.floor((answer.rows[0]?.version ?? 0) / 10_000);
  if (major < oldest || major > newest) {
    throw new StartupError(
      `The database (DATABASE_URL) is PostgreSQL ${major}; this version needs ${oldest} to ${newest}.`,
    );
  }
}

/** Names only the fault: the address may hold a password. */
function reasonOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return (message || code || "no answer").replace(/\.$/, "");
}
