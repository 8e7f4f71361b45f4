import { UsageError } from "@tillkeeper/stage/programs/usage";
import { readArguments } from "./arguments.ts";
import { asMarkdown } from "./report/print.ts";
import { isClean } from "./report/report.ts";
import { runChaos } from "./run.ts";

const interruptedCode = 130;

const interruption = new AbortController();
// A package manager passes Ctrl-C on once more, so a second one is no hurry: everything is being ended already.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interruption.abort());
// Whoever was reading the output has gone (`| head`).
process.stdout.on("error", () => interruption.abort());

// A fault of this program: everything that it has started must be ended all the same.
process.on("uncaughtException", (error) => {
  console.error(error);
  process.exitCode = 1;
  interruption.abort(error);
});

try {
  const settings = readArguments(process.argv.slice(2));
  const report = await runChaos({ ...settings, signal: interruption.signal, say: (line) => console.log(line) });
  console.log(`\n${asMarkdown(report)}\n`);
  if (!isClean(report)) process.exitCode = 1;
} catch (error) {
  if (interruption.signal.aborted) process.exitCode ??= interruptedCode;
  else {
    console.error(error instanceof UsageError ? error.message : error);
    process.exitCode = 1;
  }
}
