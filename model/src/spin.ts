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

export interface Found {
  model: Model;
  search: Search;
  /** How the error that was found comes about, one step per line; empty without one. */
  story: string[];
}

/**
 * Searches all states of a model in a new folder below `root`. A model that is to break is searched breadth first, which
 * finds the shortest story; the others depth first with compressed states, which takes the least memory.
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

/** The shortest story is not to be had of `memory`: Spin searches no program breadth first that has hidden variables. */
function kindOf({ program, checks, breaks }: Model): keyof typeof kinds {
  if (program === "memory") return "many";
  return checks === "promises" && breaks !== undefined ? "shortest" : checks;
}

const kinds = {
  // -o3 keeps statements apart, so that the checker can tell which were never reached.
  promises: { translate: ["-o3"], compile: ["-O2", "-DSAFETY", "-DCOLLAPSE"], search: ["-m100000"] },
  shortest: { translate: [], compile: ["-O0", "-DSAFETY", "-DBFS"], search: [] },
  // Dozens of runs with few states each: to optimise takes longer than to search.
  many: { translate: ["-o3"], compile: ["-O0", "-DSAFETY", "-DCOLLAPSE"], search: ["-m100000"] },
  // -a looks for cycles, -f for those that are fair.
  ending: { translate: [], compile: ["-O2", "-DCOLLAPSE", "-DNFAIR=3"], search: ["-a", "-f", "-m100000"] },
};

/** Follows the trail of an error and answers what the steps on it print. */
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

/** The programs that are not installed. */
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
