import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";

/** The free memory that is required; a run's temporary files take about a tenth of it. */
const roomBytes = 4 * 1024 ** 3;
const memory = "/dev/shm";
/** The folder's name is this prefix and the process id. */
const prefix = "tillkeeper-run-";

/**
 * Puts the temporary files of this process and its child processes into memory, where Linux has enough of it. Returns
 * a function that removes them. A run creates and removes dozens of clusters and hundreds of databases, which costs a
 * disk more than the tests cost. Without enough memory the files stay on the disk.
 */
export function keepScratchInMemory(): () => void {
  if (!hasRoom()) return () => {};
  const before = process.env["TMPDIR"];
  removeStale();
  const folder = mkdtempSync(join(memory, `${prefix}${process.pid}-`));
  // The mode of /tmp: when root starts PostgreSQL, it runs as another user.
  chmodSync(folder, 0o1777);
  process.env["TMPDIR"] = folder;
  return () => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
}

/** Removes the folders of killed runs, because they would occupy memory. */
function removeStale(): void {
  for (const name of readdirSync(memory)) {
    if (!name.startsWith(prefix)) continue;
    const [owner = ""] = name.slice(prefix.length).split("-");
    if (!existsSync(join("/proc", owner))) rmSync(join(memory, name), { recursive: true, force: true, maxRetries: 5 });
  }
}

function hasRoom(): boolean {
  if (process.platform !== "linux") return false;
  const mounted = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .find(([, path, type]) => path === memory && type === "tmpfs");
  // Tests start programs from this folder.
  if (!mounted || mounted[3]?.split(",").includes("noexec")) return false;
  const { bavail, bsize } = statfsSync(memory);
  return Math.min(bavail * bsize, process.availableMemory()) > roomBytes;
}
