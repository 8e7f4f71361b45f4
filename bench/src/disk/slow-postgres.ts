import { execFileSync } from "node:child_process";
import { accessSync, chmodSync, constants, cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { locateBinaries } from "@tillkeeper/server/db/embedded/binaries";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { UsageError } from "@tillkeeper/stage/programs/usage";

/** File name of the real server program in the copy; a script takes the name `postgres`. */
const realProgram = "postgres-itself";
const library = "slow-fdatasync.so";

/** A copy of the embedded PostgreSQL whose fdatasync calls are delayed. */
export interface SlowPostgres {
  /** Holds `bin`, `lib` and `share`. */
  folder: string;
  /** Name of the method of delay, for the output. */
  how: string;
}

/**
 * Copies the embedded PostgreSQL and replaces its server program by a script that delays each fdatasync. Tillkeeper
 * starts PostgreSQL with an empty environment, so no variable can do it. Throws a UsageError if there is neither a C
 * compiler nor strace, or off Linux.
 */
export function makeSlowPostgres(delayMicroseconds: number, closing: Closing): SlowPostgres {
  const method = findDelayMethod();
  const folder = mkdtempSync(join(tmpdir(), "tillkeeper-bench-"));
  closing.add(() => rmSync(folder, { recursive: true, force: true }));
  // PostgreSQL may run as another user than this program.
  chmodSync(folder, 0o755);
  cpSync(locateBinaries(), folder, { recursive: true, verbatimSymlinks: true });
  const bin = join(folder, "bin");
  const program = join(bin, "postgres");
  renameSync(program, join(bin, realProgram));
  const { how, command } = method.prepare(bin, delayMicroseconds);
  const script = `#!/bin/sh\nhere="\${0%/*}"\nexec ${command} "$here/${realProgram}" "$@"\n`;
  writeFileSync(program, script, { mode: 0o755 });
  return { folder, how };
}

interface DelayMethod {
  /** Returns the command prefix for the server program; the script has its folder in `$here`. */
  prepare(bin: string, delayMicroseconds: number): { how: string; command: string };
}

function findDelayMethod(): DelayMethod {
  const compiler = onPath("cc");
  if (process.platform === "linux" && compiler) return preloading(compiler);
  const strace = onPath("strace");
  if (process.platform === "linux" && strace) return tracing(strace);
  throw new UsageError("slow-disk needs Linux and a C compiler, or strace: `apt install gcc libc6-dev` on Debian.");
}

function preloading(compiler: string): DelayMethod {
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

/** Costs more than the library: strace traces every PostgreSQL process. With -D the server keeps its process id. */
function tracing(strace: string): DelayMethod {
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
