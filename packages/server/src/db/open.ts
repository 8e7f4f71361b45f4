import { join } from "node:path";
import { sql } from "kysely";
import type { Logger } from "../platform/log/log.ts";
import { type Patience, patiently } from "../platform/patience.ts";
import { StartupError } from "../platform/startup-error.ts";
import { type Db, openDb } from "./db.ts";
import { startEmbeddedPostgres } from "./embedded/postgres.ts";
import { connectionToRunning } from "./embedded/running.ts";
import { isUnavailable } from "./failures.ts";
import { compareSchema, migrate } from "./migrate.ts";
import { ensureTenantIsolation, isTenantIsolationThere } from "./tenants/isolation.ts";

const oldest = 15;
const newest = 18;

/**
 * Opens the outside database, or starts the embedded one, and brings its schema up to date. Waits for an outside one that is away, as long as
 * `patience` lasts. Throws `StartupError`.
 */
export async function openDatabase({
  url,
  dataDir,
  log,
  patience = { seconds: 0, log },
}: {
  url: string | undefined;
  dataDir: string;
  log: Logger;
  patience?: Patience;
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
    await patiently(patience, () => checkVersion(db));
    await migrate(db);
    await ensureTenantIsolation(db);
    return { ...db, close };
  } catch (error) {
    await close();
    throw error;
  }
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
  const schema = await compareSchema(db).catch(() => "older");
  // The rights of tenants come after the tables, and before the server answers.
  const ready = schema === "same" && (await isTenantIsolationThere(db).catch(() => false));
  if (ready) return db;
  await db.close();
  if (schema !== "newer") return undefined;
  throw new StartupError(
    `The server that runs on the data folder ${dataDir} is newer than this program: use the program of its version.`,
  );
}

async function checkVersion(db: Db): Promise<void> {
  const answer = await sql<{ version: number }>`select current_setting('server_version_num')::int as version`
    .execute(db.sql)
    .catch((error: unknown) => {
      throw new StartupError(`The database (DATABASE_URL) cannot be reached: ${reasonOf(error)}.`, {
        cause: error,
        mayPass: isUnavailable(error),
      });
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
