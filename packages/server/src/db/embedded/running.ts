import { inspectCluster, ROLE, readPassword } from "./cluster.ts";
import { readPostmasterFile } from "./orphan.ts";
import { OWNER, ownerPassword } from "./owner.ts";
import type { EmbeddedPostgres } from "./postgres.ts";
import { notFromEnvironment } from "./postmaster.ts";
import { PORT } from "./runtime-folder.ts";

/**
 * How to connect, as the owner, to the PostgreSQL that a running server keeps on the cluster; undefined when none is
 * running.
 */
export function connectionToRunning(folder: string): EmbeddedPostgres["connection"] | undefined {
  const { path } = inspectCluster(folder);
  const note = readPostmasterFile(path);
  if (!note?.ready || note.socketFolder === undefined) return undefined;
  const password = ownerPassword(readPassword(path));
  return { host: note.socketFolder, port: PORT, user: OWNER, password, database: ROLE, ...notFromEnvironment };
}
