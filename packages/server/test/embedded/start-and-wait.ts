/** A server that gets killed: starts PostgreSQL in the given folder, prints its connection and waits. */
import { startEmbeddedPostgres } from "../../src/db/embedded/postgres.ts";
import { createLogger } from "../../src/platform/log/log.ts";

const { connection } = await startEmbeddedPostgres({
  folder: process.argv[2] ?? "",
  log: createLogger("silent"),
  settings: { fsync: "off" },
});
process.stdout.write(`${JSON.stringify(connection)}\n`);
