import { UsageError } from "@tillkeeper/stage/programs/usage";
import { readArguments } from "./arguments.ts";
import { asMarkdown } from "./report/print.ts";
import { isClean } from "./report/report.ts";
import { runChaos } from "./run.ts";

const interruptedCode = 130;

const interruption = new AbortController();
// A repeated signal has no effect: a package manager forwards each Ctrl-C a second time.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interruption.abort());
// The reader of the output has closed it, as in `| head`.
process.stdout.on("error", () => interruption.abort());

// An error of this program: the processes that it has started must still be ended.
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

// Everything has been ended and printed. Left to itself, Node 24 may turn for ever while it cleans up handles of sockets
// whose peers were killed in the middle of a goodbye.
process.exit();
