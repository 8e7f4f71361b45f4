import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

/** Prints processors, memory, platform, Node version and load average, on which all figures depend. */
export function printMachine(): void {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const memory = Math.round(totalmem() / 2 ** 30);
  const load = loadavg().map((value) => value.toFixed(1));
  console.log(`${availableParallelism()} cpus (${model}), ${memory} GB, ${process.platform}-${process.arch}`);
  console.log(`Node ${process.version}, load of the machine before the start ${load.join(" ")}\n`);
}
