import { join } from "node:path";
import { readConfig } from "@tillkeeper/server/config/config";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@tillkeeper/server/db/embedded/postgres";
import { type RunningServer, startServer } from "@tillkeeper/server/main";
import { Closing } from "@tillkeeper/server/platform/closing";
import { rootKeyFile } from "@tillkeeper/server/platform/folders/root-key";
import { createLogger, type Logger } from "@tillkeeper/server/platform/log/log";
import { asSuperuser, databaseUrl } from "@tillkeeper/stage/postgres/own-postgres";
import { Folder } from "@tillkeeper/stage/processes/folder";
import { processFigures } from "../process-figures.ts";
import { serveParent } from "./serve-parent.ts";

export interface ServerPlace {
  httpUrl: string;
  mqttUrl: string;
  database: EmbeddedPostgres["connection"];
  keyFile: string;
}

export interface ServerSetUp {
  /** Folder with `bin`, `lib` and `share` of the PostgreSQL to run, in place of the installed one. */
  binaries?: string;
  /** A database that is there already, with the key that it knows, in place of one of its own. */
  existing?: Pick<ServerPlace, "database" | "keyFile">;
  /** The limits that a server has which others than this machine can reach. */
  limited?: boolean;
}

const closing = new Closing();
let server: RunningServer | undefined;

/**
 * A whole server as `serve` runs it, on free ports, with the embedded PostgreSQL in a temporary folder and its default
 * durability. The database is started here rather than by the server only to learn how the others reach it.
 */
async function start({ binaries, existing, limited }: ServerSetUp): Promise<ServerPlace> {
  const log = createLogger("error");
  const folder = new Folder("bench");
  closing.add(() => folder.remove());
  const connection = existing?.database ?? (await startDatabase(folder.path, log, binaries));
  const config = readConfig({
    TILLKEEPER_HTTP_PORT: "0",
    TILLKEEPER_MQTT_PORT: "0",
    TILLKEEPER_DATA_DIR: join(folder.path, "server"),
    DATABASE_URL: databaseUrl(connection),
    ...(existing && { TILLKEEPER_KEY_FILE: existing.keyFile }),
    ...(limited && { TILLKEEPER_RATE_LIMIT: "100" }),
  });
  server = await startServer({ config, log });
  closing.add(endServer);
  return { httpUrl: server.httpUrl, mqttUrl: server.mqttUrl, database: connection, keyFile: rootKeyFile(config) };
}

async function startDatabase(folder: string, log: Logger, binaries?: string): Promise<ServerPlace["database"]> {
  const postgres = await startEmbeddedPostgres({
    folder: join(folder, "postgres"),
    log,
    ...(binaries !== undefined && { binaries }),
  });
  closing.add(() => postgres.stop());
  // Rounds begin behind a checkpoint, which the owner of the database may not ask for by itself.
  await asSuperuser(postgres.superuser, `grant pg_checkpoint to ${postgres.connection.user}`);
  return postgres.connection;
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
    /** Ends the server alone; its database stays. */
    end: endServer,
    /** Bytes that this process occupies. */
    memory: () => process.memoryUsage.rss(),
  },
  async () => {
    // A start that is half-way goes on adding steps; one that failed has been reported already.
    await starting?.catch(() => undefined);
    await closing.close();
  },
);
