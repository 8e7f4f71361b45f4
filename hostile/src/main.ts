import { UsageError } from "@tillkeeper/stage/programs/usage";
import { readArguments } from "./arguments.ts";
import { asMarkdown, isClean } from "./report.ts";
import { runHostile } from "./run.ts";
import { openStage } from "./stage.ts";

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interruption.abort());

try {
  const settings = readArguments(process.argv.slice(2));
  const stage = await openStage();
  try {
    const report = await runHostile({ ...settings, stage, signal: interruption.signal });
    console.log(asMarkdown(report));
    if (!isClean(report)) process.exitCode = 1;
  } finally {
    await stage.stop();
    stage.remove();
  }
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = 1;
}
