import { execFile } from "node:child_process";
import { chownSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Db } from "@tillkeeper/server/db/db";

const run = promisify(execFile);

/**
 * Copies the data folder of a running cluster as `pg_basebackup` does. The copy stands for a standby that received
 * nothing after this moment. PostgreSQL started on it replays its WAL and reaches a former state of the database.
 */
export async function copyCluster(superuser: Db, cluster: string, copy: string): Promise<void> {
  rmSync(copy, { recursive: true, force: true });
  const label = await withBackup(superuser, () => copyFolder(cluster, copy));
  // The WAL is copied last, because it holds the changes made during the copy.
  rmSync(join(copy, "pg_wal"), { recursive: true });
  await copyFolder(join(cluster, "pg_wal"), join(copy, "pg_wal"));
  for (const serverFile of ["postmaster.pid", "postmaster.opts"]) rmSync(join(copy, serverFile), { force: true });
  writeFileSync(join(copy, "backup_label"), label, { mode: 0o600 });
  const { uid, gid } = statSync(cluster);
  chownSync(join(copy, "backup_label"), uid, gid);
}

/** Runs `work` during a backup in one session; returns the `backup_label`, which names the WAL position to start at. */
async function withBackup({ pool }: Db, work: () => Promise<void>): Promise<string> {
  const session = await pool.connect();
  try {
    await session.query("select pg_backup_start('chaos', fast => true)");
    await work();
    const { rows } = await session.query<{ labelfile: string }>("select labelfile from pg_backup_stop(false)");
    return rows[0]?.labelfile ?? "";
  } finally {
    // PostgreSQL aborts a backup whose session ends.
    session.release(true);
  }
}

/** Copies a folder with owners and modes. Files that vanish meanwhile are ignored: recovery does not need them. */
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
