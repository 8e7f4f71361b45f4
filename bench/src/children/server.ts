import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "@tillkeeper/server/config";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "@tillkeeper/server/db/embedded/postgres";
import { startServer } from "@tillkeeper/server/main";
import { Closing } from "@tillkeeper/server/platform/closing";
import { createLogger } from "@tillkeeper/server/platform/log";
import { rootKeyFile } from "@tillkeeper/server/platform/root-key";
import { databaseUrl } from "../database-url.ts";
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
}

const closing = new Closing();

/**
 * A whole server as `serve` runs it, on free ports, with the embedded PostgreSQL in a temporary folder and its default
 * durability. The database is started here rather than by the server only to learn how the others reach it.
 */
async function start({ binaries }: ServerSetUp): Promise<ServerPlace> {
  const log = createLogger("error");
  const folder = mkdtempSync(join(tmpdir(), "tillkeeper-bench-"));
  closing.add(() => rmSync(folder, { recursive: true, force: true }));
  const postgres = await startEmbeddedPostgres({
    folder: join(folder, "postgres"),
    log,
    ...(binaries !== undefined && { binaries }),
  });
  closing.add(() => postgres.stop());
  const config = readConfig({
    TILLKEEPER_HTTP_PORT: "0",
    TILLKEEPER_MQTT_PORT: "0",
    TILLKEEPER_DATA_DIR: join(folder, "server"),
    DATABASE_URL: databaseUrl(postgres.connection),
  });
  const server = await startServer({ config, log });
  closing.add(() => server.stop());
  const keyFile = rootKeyFile(config);
  return { httpUrl: server.httpUrl, mqttUrl: server.mqttUrl, database: postgres.connection, keyFile };
}

let starting: Promise<ServerPlace> | undefined;
serveParent(
  {
    figures: processFigures,
    start: (setUp: ServerSetUp) => {
      starting = start(setUp);
      return starting;
    },
    /** Bytes that this process occupies. */
    memory: () => process.memoryUsage.rss(),
  },
  async () => {
    // A start that is half-way goes on adding steps; one that failed has been reported already.
    await starting?.catch(() => undefined);
    await closing.close();
  },
);
