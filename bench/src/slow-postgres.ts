import { execFileSync } from "node:child_process";
import { accessSync, chmodSync, constants, cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { locateBinaries } from "@tillkeeper/server/db/embedded/binaries";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { UsageError } from "@tillkeeper/stage/programs/usage";

/** What the program itself is called in the copy; a script has its name. */
const itself = "postgres-itself";
const library = "slow-fdatasync.so";

/** A copy of the embedded PostgreSQL each of whose fdatasync calls takes so much longer. */
export interface SlowPostgres {
  /** With `bin`, `lib` and `share`. */
  folder: string;
  /** How it is done, for the output. */
  how: string;
}

/**
 * Copies the embedded PostgreSQL and puts a script in the place of its server program: the server starts it in an empty
 * environment, so nothing can be handed to it from outside.
 */
export function makeSlowPostgres(delayMicroseconds: number, closing: Closing): SlowPostgres {
  const way = findWay();
  const folder = mkdtempSync(join(tmpdir(), "tillkeeper-bench-"));
  closing.add(() => rmSync(folder, { recursive: true, force: true }));
  // PostgreSQL may run under another account than this program.
  chmodSync(folder, 0o755);
  cpSync(locateBinaries(), folder, { recursive: true, verbatimSymlinks: true });
  const bin = join(folder, "bin");
  const program = join(bin, "postgres");
  renameSync(program, join(bin, itself));
  const { how, command } = way.prepare(bin, delayMicroseconds);
  const script = `#!/bin/sh\nhere="\${0%/*}"\nexec ${command} "$here/${itself}" "$@"\n`;
  writeFileSync(program, script, { mode: 0o755 });
  return { folder, how };
}

interface Way {
  /** Answers what to put before the server program, from a script that knows its folder as `$here`. */
  prepare(bin: string, delayMicroseconds: number): { how: string; command: string };
}

function findWay(): Way {
  const compiler = onPath("cc");
  if (process.platform === "linux" && compiler) return preloading(compiler);
  const strace = onPath("strace");
  if (process.platform === "linux" && strace) return tracing(strace);
  throw new UsageError("slow-disk needs Linux and a C compiler, or strace: `apt install gcc libc6-dev` on Debian.");
}

function preloading(compiler: string): Way {
  return {
    prepare(bin, delayMicroseconds) {
      const source = fileURLToPath(new URL("slow-fdatasync.c", import.meta.url));
      const define = `-DDELAY_MICROSECONDS=${delayMicroseconds}`;
      execFileSync(compiler, ["-shared", "-fPIC", "-O2", define, "-o", join(bin, library), source]);
      chmodSync(join(bin, library), 0o755);
      return { how: "a preloaded library", command: `env LD_PRELOAD="$here/${library}"` };
    },
  };
}

/** Dearer than the library: every process of PostgreSQL is traced. With -D the server keeps its process id. */
function tracing(strace: string): Way {
  return {
    prepare(_bin, delayMicroseconds) {
      const quiet = "-D -f -qqq --seccomp-bpf -o /dev/null";
      const inject = `-e trace=fdatasync -e inject=fdatasync:delay_enter=${delayMicroseconds}`;
      return { how: "strace", command: `${strace} ${quiet} ${inject}` };
    },
  };
}

function onPath(program: string): string | undefined {
  const candidates = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, program));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
