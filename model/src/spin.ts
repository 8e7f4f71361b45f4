import { execFile } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Model } from "./models.ts";
import { readSearch, type Search } from "./search.ts";

const run = promisify(execFile);
export const modelFolder = resolve(import.meta.dirname, "..");
const protocol = join(modelFolder, "protocol.pml");
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
  const defines = model.defines.map((define) => `-D${define}`);
  const kind = kinds[model.checks === "promises" && model.breaks !== undefined ? "shortest" : model.checks];
  await run("spin", ["-a", ...kind.translate, ...defines, protocol], options);
  await run("gcc", ["-w", `-DMEMLIM=${megabytesAtMost}`, ...kind.compile, "-o", "pan", "pan.c"], options);
  const { stdout } = await run("./pan", kind.search, options);
  const search = readSearch(stdout);
  return { model, search, story: search.found ? await tell(defines, options) : [] };
}

const kinds = {
  // -o3 keeps statements apart, so that the checker can tell which were never reached.
  promises: { translate: ["-o3"], compile: ["-O2", "-DSAFETY", "-DCOLLAPSE"], search: ["-m100000"] },
  shortest: { translate: [], compile: ["-O0", "-DSAFETY", "-DBFS"], search: [] },
  // -a looks for cycles, -f for those that are fair.
  ending: { translate: [], compile: ["-O2", "-DCOLLAPSE", "-DNFAIR=3"], search: ["-a", "-f", "-m100000"] },
};

/** Follows the trail of an error and answers what the steps on it print. */
async function tell(defines: string[], options: { cwd: string; signal: AbortSignal }): Promise<string[]> {
  const { stdout } = await run("spin", ["-t", "-T", "-B", "-k", "protocol.pml.trail", ...defines, protocol], options);
  return stdout.split("\n").filter((line) => /^(agent|server|time|!) |START OF CYCLE/.test(line));
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
