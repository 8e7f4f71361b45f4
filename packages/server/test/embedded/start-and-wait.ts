/** A server that a test kills: starts PostgreSQL in the given folder, prints the connection and waits. */
import { startEmbeddedPostgres } from "../../src/db/embedded/postgres.ts";
import { createLogger } from "../../src/platform/log/log.ts";

const { connection } = await startEmbeddedPostgres({
  folder: process.argv[2] ?? "",
  log: createLogger("silent"),
  settings: { fsync: "off" },
});
process.stdout.write(`${JSON.stringify(connection)}\n`);
