import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Model } from "./model.ts";
import { broken, designed } from "./models.ts";
import { printStory, printTable } from "./print.ts";
import { check, type Found, missingPrograms, modelFolder } from "./spin.ts";
import { judge, neverTaken, unmatchedVariants } from "./verdict.ts";

/*
 * Checks the model of the device protocol: `npm run model`. With `-- --story <variant>` it prints the steps by which
 * that variant breaks its promise. Exits with 1 unless the protocol keeps every promise and every broken variant breaks
 * its own.
 */
const interruptedCode = 130;
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interruption.abort());

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { story: { type: "string" } } });
  const missing = await missingPrograms();
  if (missing.length > 0) {
    console.error(`The model needs ${missing.join(" and ")}: apt-get install spin gcc libc6-dev`);
    return 1;
  }
  const root = await mkdtemp(join(tmpdir(), "tillkeeper-model-"));
  try {
    return await (values.story === undefined ? checkAll(root) : tellStory(root, values.story));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function checkAll(root: string): Promise<number> {
  const began = performance.now();
  const runs = await checkEach([...designed, ...broken], root);
  printTable(runs);
  const complaints = runs.filter((found) => !judge(found).right);
  for (const found of complaints) printStory(found);
  const untaken = neverTaken(runs.filter(({ model }) => model.breaks === undefined));
  for (const step of untaken) console.log(`No run ever takes this step: ${step}`);
  const unmatched = unmatchedVariants(await modelText());
  for (const variant of unmatched) console.log(`In the model or in the list of variants, not in both: ${variant}`);
  const megabytes = Math.max(...runs.map(({ search }) => search.megabytes));
  const seconds = (performance.now() - began) / 1000;
  console.log(`\n${runs.length} runs in ${seconds.toFixed(0)} s, each in at most ${megabytes.toFixed(0)} MB`);
  return complaints.length + untaken.length + unmatched.length > 0 ? 1 : 0;
}

async function tellStory(root: string, name: string): Promise<number> {
  const wanted = broken.filter((model) => model.name === name);
  if (wanted.length === 0) {
    console.error(
      `There is no variant ${name}; there are: ${[...new Set(broken.map((model) => model.name))].join(", ")}`,
    );
    return 1;
  }
  const runs = await checkEach(wanted, root);
  for (const found of runs) printStory(found);
  return runs.every((found) => judge(found).right) ? 0 : 1;
}

/**
 * Checks the models, as many at a time as there are processors but at most four; resolves with the runs in the models'
 * order.
 */
async function checkEach(models: Model[], root: string): Promise<Found[]> {
  const runs: Found[] = [];
  const waiting = [...models.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      runs[next[0]] = await check(next[1], root, interruption.signal);
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, worker));
  return runs;
}

async function modelText(): Promise<string> {
  const files = (await readdir(modelFolder, { recursive: true })).filter((name) => name.endsWith(".pml"));
  return (await Promise.all(files.map((name) => readFile(join(modelFolder, name), "utf8")))).join("\n");
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!interruption.signal.aborted) throw error;
  process.exitCode = interruptedCode;
}
