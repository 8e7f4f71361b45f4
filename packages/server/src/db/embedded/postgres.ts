import { join } from "node:path";
import type { Logger } from "../../platform/log/log.ts";
import { type Account, chooseAccount } from "./account.ts";
import { locateBinaries, prepareBinaries } from "./binaries.ts";
import { createCluster, handOver, inspectCluster, ROLE, readPassword } from "./cluster.ts";
import { replaceOrphan } from "./orphan.ts";
import { OWNER, ownerPassword, prepareOwner } from "./owner.ts";
import { notFromEnvironment } from "./postmaster.ts";
import {
  createRuntimeFolder,
  PORT,
  removeRuntimeFolder,
  removeStaleRuntimeFolders,
  touchRuntimeFolder,
} from "./runtime-folder.ts";
import { Supervisor } from "./supervisor.ts";

const KEEP_EVERY_MS = 12 * 60 * 60 * 1000;

interface EmbeddedConnection {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  ssl: false;
  options: string;
}

export interface EmbeddedPostgres {
  /** how `pg` connects as the owner: host is the socket directory; unchanged when PostgreSQL has to be started again */
  readonly connection: EmbeddedConnection;
  /** how `pg` connects as the superuser, to set up databases and roles */
  readonly superuser: EmbeddedConnection;
  /** fast shutdown; resolves when the process is gone and the runtime folder removed; idempotent */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** where the cluster lies; the caller holds the lock of the data folder around it */
  readonly folder: string;
  readonly log: Logger;
  /** server settings over ours, e.g. `{ fsync: "off" }` for data that may be lost */
  readonly settings?: Record<string, string>;
  /** folder with `bin`, `lib` and `share`, in place of the installed package */
  readonly binaries?: string;
}

/**
 * Starts PostgreSQL on the cluster in `folder`, creating it first if there is none, and keeps it running until `stop()`.
 * One that an earlier, killed server has left running on the same cluster is shut down first.
 * Throws `StartupError` (one clear sentence) for: no binaries for this platform, data of another major version, a folder
 * of another user or not writable, or PostgreSQL's own reasons not to start.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const installed = options.binaries ?? locateBinaries();
  const { path: cluster, owner } = inspectCluster(options.folder);
  const account = chooseAccount(cluster, owner);
  if (owner !== undefined && owner.uid !== account.uid) handOver(cluster, account);
  const lastSocketFolder = owner && (await replaceOrphan(cluster, options.log));
  removeStaleRuntimeFolders(cluster, account, lastSocketFolder);

  const runtimeFolder = createRuntimeFolder(cluster, account);
  try {
    const programs = join(prepareBinaries(installed, account, runtimeFolder), "bin");
    return await start({ cluster, fresh: owner === undefined, account, runtimeFolder, programs }, options);
  } catch (error) {
    removeRuntimeFolder(runtimeFolder);
    throw error;
  }
}

interface Place {
  readonly cluster: string;
  /** no cluster yet */
  readonly fresh: boolean;
  readonly account: Account;
  readonly runtimeFolder: string;
  readonly programs: string;
}

async function start(place: Place, { log, settings = {} }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { cluster, account, runtimeFolder, programs } = place;
  if (place.fresh) {
    const durable = settings["fsync"] !== "off";
    await createCluster({ cluster, initdb: join(programs, "initdb"), account, runtimeFolder, durable, log });
  }
  const password = readPassword(cluster);
  const program = join(programs, "postgres");
  const supervisor = new Supervisor({ cluster, account, program, runtimeFolder, password, settings, log });
  await supervisor.start();
  const keeping = setInterval(() => keepRuntimeFolder(runtimeFolder, log), KEEP_EVERY_MS).unref();
  let stopped: Promise<void> | undefined;
  const stop = () => {
    clearInterval(keeping);
    stopped ??= supervisor.stop().then(() => removeRuntimeFolder(runtimeFolder));
    return stopped;
  };
  const superuser = { host: runtimeFolder, port: PORT, user: ROLE, password, database: ROLE, ...notFromEnvironment };
  try {
    await prepareOwner(superuser, password);
  } catch (error) {
    await stop();
    throw error;
  }
  return { superuser, connection: { ...superuser, user: OWNER, password: ownerPassword(password) }, stop };
}

function keepRuntimeFolder(runtimeFolder: string, log: Logger): void {
  try {
    touchRuntimeFolder(runtimeFolder);
  } catch (error) {
    log.warn({ err: error }, `${runtimeFolder} could not be kept from cleaners of temporary files`);
  }
}
