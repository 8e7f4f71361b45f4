import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { check } from "recheck";
import recheck from "recheck/package.json" with { type: "json" };
import type { Pattern } from "./patterns.ts";

/** Limits of work end the checker, never limits of time: on a slow machine they would change the result. */
const unhurried = { timeout: null, attackTimeout: null, incubationTimeout: null, seedingTimeout: null };
const options = { ...unhurried, randomSeed: 1 };

/** A pattern that was found safe leaves a file here: the same checker finds the same again, in a quarter of a minute for all. */
const foundSafe = resolve(import.meta.dirname, "../../node_modules/.cache/recheck");
mkdirSync(foundSafe, { recursive: true });

/** What the checker says of each pattern: many stand in several places. */
const judged = new Map<string, Promise<string | undefined>>();

/** The fault of a pattern whose work grows faster than its text. A pattern that cannot be judged is a fault, too. */
async function faultOf({ where, source, flags }: Pattern): Promise<string | undefined> {
  // Without the flags that decide where to search, not what.
  const searched = flags.replace(/[dgy]/g, "");
  const key = `/${source}/${searched}`;
  const known = judged.get(key) ?? judge(source, searched);
  judged.set(key, known);
  const fault = await known;
  return fault && `${where}: /${source}/${flags} ${fault}`;
}

/** The faults among patterns. */
export async function faultsOf(patterns: readonly Pattern[]): Promise<string[]> {
  const faults = await Promise.all(patterns.map(faultOf));
  return faults.filter((fault) => fault !== undefined);
}

/** Asks the checker's native program, where there is one for this machine; it takes a third of the time of the JavaScript. */
async function judge(source: string, flags: string): Promise<string | undefined> {
  const asked = JSON.stringify([recheck.version, options, source, flags]);
  const safe = join(foundSafe, createHash("sha256").update(asked).digest("hex"));
  if (existsSync(safe)) return undefined;
  const result = await check(source, flags, options);
  if (result.status !== "safe") return result.status === "vulnerable" ? result.complexity.summary : "cannot be judged";
  writeFileSync(safe, "");
  return undefined;
}
