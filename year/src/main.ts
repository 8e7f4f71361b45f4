import { UsageError } from "@tillkeeper/stage/programs/usage";
import { readArguments, type Settings } from "./arguments.ts";
import { check } from "./checker/check.ts";
import { asMarkdown } from "./report.ts";
import { runYear } from "./run.ts";

const interruptedCode = 130;
const interruption = new AbortController();
// A repeated signal has no effect: a package manager forwards each Ctrl-C a second time.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interruption.abort());

/** Plays the year once. Answers whether nothing was found. */
async function isSound(settings: Settings): Promise<boolean> {
  const ran = await runYear({ ...settings, signal: interruption.signal, say: (line) => console.log(line) });
  const judged = check(ran.history);
  console.log(`\n${asMarkdown(ran, judged)}`);
  return judged.findings.length === 0;
}

/** Plays broken servers. Answers whether each was noticed. */
async function areNoticed({ variants, ...settings }: Settings): Promise<boolean> {
  let all = true;
  for (const variant of variants) {
    const ran = await runYear({ ...settings, variant, signal: interruption.signal, say: () => undefined });
    const { findings } = check(ran.history);
    const laws = Object.entries(Object.groupBy(findings, ({ law }) => law)).map(([law, of]) => `${law} ${of?.length}`);
    console.log(`${variant}: ${findings.length === 0 ? "NOT NOTICED" : laws.join(", ")} (${ran.figures.seconds} s)`);
    all &&= findings.length > 0;
  }
  return all;
}

try {
  const settings = readArguments(process.argv.slice(2));
  const good = settings.variants.length > 0 ? await areNoticed(settings) : await isSound(settings);
  if (!good) process.exitCode = 1;
} catch (error) {
  if (interruption.signal.aborted) process.exitCode = interruptedCode;
  else {
    console.error(error instanceof UsageError ? error.message : error);
    process.exitCode = 1;
  }
}
