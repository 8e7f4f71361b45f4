import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A file system of its own that holds little, and that others than the programs below `by` do not see. */
export interface SmallDisk {
  /** Where those programs find it. */
  path: string;
  /** What starts a program there: its arguments follow. */
  by: string[];
  /** Takes all the room that is left. */
  fill: () => void;
  /** Gives it back. */
  free: () => void;
  /** The names of the files in a folder of it. */
  names: (folder: string) => string[];
}

/** Ends with the test. Needs Linux, and neither root nor anything installed. */
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
      // Down to the last page, also what somebody gave back since.
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
