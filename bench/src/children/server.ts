import { join } from "node:path";
import { readConfig } from "@tillkeeper/server/config/config";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@tillkeeper/server/db/embedded/postgres";
import { type RunningServer, startServer } from "@tillkeeper/server/main";
import { Closing } from "@tillkeeper/server/platform/closing";
import { rootKeyFile } from "@tillkeeper/server/platform/folders/root-key";
import { createLogger, type Logger } from "@tillkeeper/server/platform/log/log";
import { asSuperuser, databaseUrl } from "@tillkeeper/stage/postgres/own-postgres";
import { Folder } from "@tillkeeper/stage/processes/folder";
import { processFigures } from "../parts/process-figures.ts";
import { BenchTerminals } from "./bench-terminals.ts";
import { serveParent } from "./serve-parent.ts";
import { Socketless } from "./socketless.ts";

export interface ServerPlace {
  httpUrl: string;
  mqttUrl: string;
  database: EmbeddedPostgres["connection"];
  keyFile: string;
  /** The folder of files. */
  files: string;
}

export interface ServerSetUp {
  /** Folder with `bin`, `lib` and `share` of the PostgreSQL to run, in place of the installed one. */
  binaries?: string;
  /** Database and root key file of an earlier server; without them the server gets a database of its own. */
  existing?: Pick<ServerPlace, "database" | "keyFile" | "files">;
  /** Applies the rate limits of a server that other machines can reach. */
  limited?: boolean;
  /** Settings of PostgreSQL that differ from those of the embedded one. */
  postgres?: Readonly<Record<string, string>>;
  heartbeatSeconds?: number;
  /** Lets webhooks be sent to this machine. */
  webhooksMayBePrivate?: boolean;
}

const closing = new Closing();
const socketless = new Socketless();
const terminals = new BenchTerminals();
/** Agents in this process that wait for their welcome at the same time. */
const welcomesAtOnce = 500;
let server: RunningServer | undefined;

/**
 * Starts a server as `serve` does, on free ports, with the embedded PostgreSQL in a temporary folder and its default
 * durability. This process starts the database itself only to pass its connection on to the other processes.
 */
async function start(setUp: ServerSetUp): Promise<ServerPlace> {
  const { existing, limited, webhooksMayBePrivate, heartbeatSeconds } = setUp;
  const log = createLogger("error");
  const folder = new Folder("bench");
  closing.add(() => folder.remove());
  const connection = existing?.database ?? (await startDatabase(folder.path, log, setUp));
  const files = existing?.files ?? join(folder.path, "files");
  const config = readConfig({
    TILLKEEPER_HTTP_PORT: "0",
    TILLKEEPER_MQTT_PORT: "0",
    TILLKEEPER_DATA_DIR: join(folder.path, "server"),
    DATABASE_URL: databaseUrl(connection),
    TILLKEEPER_FILES: files,
    ...(existing && { TILLKEEPER_KEY_FILE: existing.keyFile }),
    ...(heartbeatSeconds !== undefined && { TILLKEEPER_HEARTBEAT_SECONDS: String(heartbeatSeconds) }),
    ...(limited && { TILLKEEPER_RATE_LIMIT: "100" }),
    ...(webhooksMayBePrivate && { TILLKEEPER_WEBHOOK_ALLOW_PRIVATE: "true" }),
  });
  server = await startServer({ config, log, carrier: socketless.carrier });
  closing.add(endServer);
  const { httpUrl, mqttUrl } = server;
  return { httpUrl, mqttUrl, database: connection, keyFile: rootKeyFile(config), files };
}

async function startDatabase(
  folder: string,
  log: Logger,
  { binaries, postgres: settings }: ServerSetUp,
): Promise<ServerPlace["database"]> {
  const postgres = await startEmbeddedPostgres({
    folder: join(folder, "postgres"),
    log,
    ...(binaries !== undefined && { binaries }),
    ...(settings && { settings }),
  });
  closing.add(() => postgres.stop());
  // Every round begins with a checkpoint, which the owner of the database may not run without this role.
  await asSuperuser(postgres.superuser, `grant pg_checkpoint to ${postgres.connection.user}`);
  return postgres.connection;
}

async function startTerminals(addresses: string[]): Promise<void> {
  const waiting = addresses.values();
  const connect = async () => {
    for (const address of waiting) await terminals.start({ url: "none:", address, password: "" }, socketless.open);
  };
  await Promise.all(Array.from({ length: welcomesAtOnce }, connect));
}

async function endServer(): Promise<void> {
  const ending = server;
  server = undefined;
  await ending?.stop();
}

let starting: Promise<ServerPlace> | undefined;
serveParent(
  {
    figures: processFigures,
    start: (setUp: ServerSetUp) => {
      starting = start(setUp);
      return starting;
    },
    /** Ends the server and keeps its database running. */
    end: endServer,
    /** Returns the resident set size of this process in bytes. */
    memory: () => process.memoryUsage.rss(),
    /** Starts an agent in this process for each of these addresses; resolves when each has its welcome. */
    startTerminals,
    begun: () => terminals.counted(),
  },
  async () => {
    // A start in progress still adds steps to `closing`. A failed start has been reported to the parent already.
    await starting?.catch(() => undefined);
    await terminals.stop();
    await closing.close();
  },
);
