import { execFile } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Model } from "./model.ts";
import { readSearch, type Search } from "./search.ts";

const run = promisify(execFile);
export const modelFolder = resolve(import.meta.dirname, "..");
const megabytesAtMost = 1_500;
const longestOutput = 64 * 1024 * 1024;

/** The result of one run of the checker. */
export interface Found {
  model: Model;
  search: Search;
  /** The steps to the error, one per line; empty without an error. */
  story: string[];
}

/**
 * Searches all states of a model in a new folder below `root`. A model that must break is searched breadth first, which
 * finds the shortest story. The others are searched depth first with compressed states, which takes the least memory.
 * Rejects when a program fails or the signal is aborted.
 */
export async function check(model: Model, root: string, signal: AbortSignal): Promise<Found> {
  const folder = await mkdtemp(join(root, "run-"));
  const options = { cwd: folder, signal, maxBuffer: longestOutput };
  const program = join(modelFolder, `${model.program}.pml`);
  const defines = model.defines.map((define) => `-D${define}`);
  const kind = kinds[kindOf(model)];
  await run("spin", ["-a", ...kind.translate, ...defines, program], options);
  await run("gcc", ["-w", `-DMEMLIM=${megabytesAtMost}`, ...kind.compile, "-o", "pan", "pan.c"], options);
  const { stdout } = await run("./pan", kind.search, options);
  const search = readSearch(stdout);
  return { model, search, story: search.found ? await tell(program, defines, options) : [] };
}

/** Returns the kind of search. `memory` is never searched breadth first: Spin cannot do that with hidden variables. */
function kindOf({ program, checks, breaks }: Model): keyof typeof kinds {
  if (program === "memory") return "many";
  return checks === "promises" && breaks !== undefined ? "shortest" : checks;
}

const kinds = {
  // -o3 keeps statements apart, so that the checker can tell which were never reached.
  promises: { translate: ["-o3"], compile: ["-O2", "-DSAFETY", "-DCOLLAPSE"], search: ["-m100000"] },
  shortest: { translate: [], compile: ["-O0", "-DSAFETY", "-DBFS"], search: [] },
  // Dozens of runs with few states each: optimising takes longer than searching.
  many: { translate: ["-o3"], compile: ["-O0", "-DSAFETY", "-DCOLLAPSE"], search: ["-m100000"] },
  // -a looks for acceptance cycles; -f restricts that to fair cycles.
  ending: { translate: [], compile: ["-O2", "-DCOLLAPSE", "-DNFAIR=3"], search: ["-a", "-f", "-m100000"] },
};

/** Replays the trail of an error, and resolves with the lines that its steps print. */
async function tell(
  program: string,
  defines: string[],
  options: { cwd: string; signal: AbortSignal },
): Promise<string[]> {
  const { stdout } = await run(
    "spin",
    ["-t", "-T", "-B", "-k", `${basename(program)}.trail`, ...defines, program],
    options,
  );
  return stdout
    .split("\n")
    .filter((line) => /^(agent|server|time|device|database|person|!) |START OF CYCLE/.test(line));
}

/** Resolves with the names of the necessary programs that are not installed. */
export async function missingPrograms(): Promise<string[]> {
  const missing = await Promise.all(
    ["spin", "gcc"].map(async (program) => {
      try {
        await run(program, [program === "spin" ? "-V" : "--version"]);
        return [];
      } catch {
        return [program];
      }
    }),
  );
  return missing.flat();
}
