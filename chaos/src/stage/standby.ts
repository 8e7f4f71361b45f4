import { execFile } from "node:child_process";
import { chownSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Db } from "@tillkeeper/server/db/db";

const run = promisify(execFile);

/**
 * What a standby would have that was heard of last at this moment: a copy of the data folder, taken as `pg_basebackup` takes
 * one, while everything goes on. PostgreSQL started on it replays the log that lies in it, and ends in a state in which the
 * database was once.
 */
export async function copyCluster(superuser: Db, cluster: string, copy: string): Promise<void> {
  rmSync(copy, { recursive: true, force: true });
  const label = await underBackup(superuser, () => copyFolder(cluster, copy));
  // Whatever was written meanwhile is in the log, which is taken last.
  rmSync(join(copy, "pg_wal"), { recursive: true });
  await copyFolder(join(cluster, "pg_wal"), join(copy, "pg_wal"));
  for (const ofTheRunning of ["postmaster.pid", "postmaster.opts"]) rmSync(join(copy, ofTheRunning), { force: true });
  writeFileSync(join(copy, "backup_label"), label, { mode: 0o600 });
  const { uid, gid } = statSync(cluster);
  chownSync(join(copy, "backup_label"), uid, gid);
}

/** Answers what says in the copy where in the log to begin. It is one session that begins and ends it. */
async function underBackup({ pool }: Db, work: () => Promise<void>): Promise<string> {
  const session = await pool.connect();
  try {
    await session.query("select pg_backup_start('chaos', fast => true)");
    await work();
    const { rows } = await session.query<{ labelfile: string }>("select labelfile from pg_backup_stop(false)");
    return rows[0]?.labelfile ?? "";
  } finally {
    // PostgreSQL gives up a backup whose session ends.
    session.release(true);
  }
}

/** With owners and modes. Files that vanish on the way are none that the copy needs. */
async function copyFolder(from: string, to: string): Promise<void> {
  try {
    await run("cp", ["-a", from, to]);
  } catch (error) {
    const lines = String((error as { stderr?: string }).stderr)
      .split("\n")
      .filter((line) => line !== "");
    if (lines.length === 0 || lines.some((line) => !line.includes("No such file"))) throw error;
  }
}
