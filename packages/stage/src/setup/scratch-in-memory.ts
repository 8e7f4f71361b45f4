import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";

/** The run's temporary files take about a tenth of it. */
const roomBytes = 4 * 1024 ** 3;
const memory = "/dev/shm";
/** The number of the process follows. */
const prefix = "tillkeeper-run-";

/**
 * Puts the temporary files of this process and of all that it starts into memory where Linux has the room, and answers what
 * takes them away: a run makes and removes dozens of clusters and hundreds of databases, which costs a disk more than the
 * tests cost. Where there is no room they stay where they are.
 */
export function keepScratchInMemory(): () => void {
  if (!hasRoom()) return () => {};
  const before = process.env["TMPDIR"];
  removeStale();
  const folder = mkdtempSync(join(memory, `${prefix}${process.pid}-`));
  // As /tmp: PostgreSQL runs as another user where root starts it.
  chmodSync(folder, 0o1777);
  process.env["TMPDIR"] = folder;
  return () => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
}

/** What runs have left that were killed: unlike a disk, memory is missed. */
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
  // Tests start programs from there.
  if (!mounted || mounted[3]?.split(",").includes("noexec")) return false;
  const { bavail, bsize } = statfsSync(memory);
  return Math.min(bavail * bsize, process.availableMemory()) > roomBytes;
}
