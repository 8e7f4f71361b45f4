import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A small file system of its own. Only programs that are started with `by` see it. */
export interface SmallDisk {
  /** The path of the file system for those programs. */
  path: string;
  /** A command that runs a program with this file system: the program and its arguments follow. */
  by: string[];
  /** Fills the file system. */
  fill: () => void;
  /** Removes the filler, which frees the space. */
  free: () => void;
  /** Returns the names of the files in one of its folders. */
  names: (folder: string) => string[];
}

/**
 * Mounts a small file system, which is removed after the test. Requires Linux, but neither root nor an installed
 * tool.
 */
export async function smallDisk(size: string): Promise<SmallDisk> {
  const path = mkdtempSync(join(tmpdir(), "tk-small-disk-"));
  const script = `mount -t tmpfs -o size=${size} tmpfs ${path} && echo ready && exec sleep infinity`;
  const keeper = spawn("unshare", ["--user", "--map-root-user", "--mount", "sh", "-c", script]);
  onTestFinished(async () => {
    const ended = once(keeper, "close");
    keeper.kill("SIGKILL");
    await ended;
    rmSync(path, { recursive: true });
  });
  await once(keeper.stdout, "data");
  const by = ["nsenter", "--target", String(keeper.pid), "--user", "--mount", "--preserve-credentials"];
  const seen = `/proc/${keeper.pid}/root${path}`;
  const filler = join(seen, "filler");
  return {
    path,
    by,
    fill() {
      // Writes until the last page is taken, which includes space that programs freed since.
      for (;;) {
        try {
          writeFileSync(filler, Buffer.alloc(4_096, 1), { flag: "a" });
        } catch {
          return;
        }
      }
    },
    free: () => rmSync(filler),
    names: (folder) =>
      execFileSync("ls", ["-A", join(seen, folder)], { encoding: "utf8" })
        .split("\n")
        .filter((name) => name !== ""),
  };
}
