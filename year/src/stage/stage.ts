import { randomBytes } from "node:crypto";
import { openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startEmbeddedPostgres } from "@tillkeeper/server/db/embedded/postgres";
import { Closing } from "@tillkeeper/server/platform/closing";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import { requestAccount } from "@tillkeeper/stage/accounts/accounts";
import { startMosquitto } from "@tillkeeper/stage/brokers/mosquitto";
import { databaseUrl } from "@tillkeeper/stage/postgres/own-postgres";
import { Folder } from "@tillkeeper/stage/processes/folder";
import { type Serving, serve } from "@tillkeeper/stage/servers/serving";
import pg from "pg";

const hooks = fileURLToPath(new URL("../children/server-hooks.ts", import.meta.url));
const serverCount = 2;
/** Longer than any retention that would take away what the checker is to see. */
const keptDays = "1000";

export const accountId = "T93000001";

/** A server that is killed now and then. */
export interface YearServer {
  url: string;
  readonly alive: boolean;
  /** Sends SIGKILL, and starts it again at once; resolves when it is ready. */
  killAndStart(): Promise<void>;
}

/** What a run stands on. */
export interface Stage {
  servers: readonly YearServer[];
  database: pg.Pool;
  mqttUrl: string;
  client: { clientId: string; secret: string };
  folder: string;
  close(): Promise<void>;
}

/** Starts PostgreSQL, Mosquitto and the servers, and makes the account. */
export async function openStage({ variant }: { variant?: string | undefined }): Promise<Stage> {
  const closing = new Closing();
  try {
    return await open(closing, variant);
  } catch (error) {
    await closing.close();
    throw error;
  }
}

async function open(closing: Closing, variant: string | undefined): Promise<Stage> {
  const folder = new Folder("year");
  closing.add(() => folder.remove());
  const postgres = await startEmbeddedPostgres({
    folder: join(folder.path, "postgres"),
    log: createLogger("silent"),
    // No fault of a run is one of the database's machine.
    settings: { max_connections: "200", fsync: "off", synchronous_commit: "off" },
  });
  closing.add(() => postgres.stop());
  const { connection } = postgres;
  const options = `${connection.options} -c tillkeeper.all_accounts=on -c jit=off`;
  const database = new pg.Pool({ ...connection, options, max: 4, idleTimeoutMillis: 0 });
  // PostgreSQL ends idle connections when it stops.
  database.on("error", () => undefined);
  closing.add(() => database.end());
  const broker = await startMosquitto();
  closing.add(() => broker.stop());
  const bootstrapToken = randomBytes(24).toString("hex");
  const env = {
    NODE_OPTIONS: `--import=${hooks}`,
    NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? join(folder.path, "compiled"),
    ...(variant !== undefined && { YEAR_VARIANT: variant }),
    DATABASE_URL: databaseUrl(connection),
    MQTT_URL: broker.url,
    TILLKEEPER_KEY_FILE: join(folder.path, "key"),
    TILLKEEPER_FILES: join(folder.path, "files"),
    TILLKEEPER_BOOTSTRAP_TOKEN: bootstrapToken,
    TILLKEEPER_RATE_LIMIT: "0",
    TILLKEEPER_LOG_LEVEL: "warn",
    TILLKEEPER_RETENTION_DAYS: keptDays,
    TILLKEEPER_EVENT_DAYS: keptDays,
    // Who is connected is known from wills and goodbyes: a silent terminal counts as connected.
    TILLKEEPER_HEARTBEAT_SECONDS: "3600",
    TILLKEEPER_TOKEN_SECONDS: "86400",
  };
  const servers: YearServer[] = [];
  for (let number = 0; number < serverCount; number += 1) {
    const log = openSync(join(folder.path, `server-${number}.log`), "a");
    const serving = await serve({ folder: folder.path, env, log });
    const server = watched(serving);
    closing.add(() => server.end());
    servers.push(server);
  }
  const { url } = servers[0] as YearServer;
  const client = await requestAccount({ url, bootstrapToken }, { account_id: accountId, name: "Year" });
  return { servers, database, mqttUrl: broker.url, client, folder: folder.path, close: () => closing.close() };
}

const relaunchMs = 100;

function watched(serving: Serving): YearServer & { end: () => Promise<void> } {
  let alive = true;
  let restart: Promise<void> = Promise.resolve();
  const again = async () => {
    await serving.kill();
    await sleep(relaunchMs);
    await serving.start();
    alive = true;
  };
  return {
    url: serving.url,
    get alive() {
      return alive;
    },
    killAndStart() {
      alive = false;
      restart = again();
      return restart;
    },
    async end() {
      await restart.catch(() => undefined);
      await serving.kill();
    },
  };
}
