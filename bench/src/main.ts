import { UsageError } from "@tillkeeper/stage/programs/usage";
import { accept } from "./accept.ts";
import { readArguments } from "./arguments.ts";
import { closingTime } from "./closing-time.ts";
import { closings } from "./closings.ts";
import { consolePages } from "./console.ts";
import { dispatch } from "./dispatch.ts";
import { Ending } from "./ending.ts";
import { events } from "./events.ts";
import { expiry } from "./expiry.ts";
import { fleet } from "./fleet.ts";
import { floods } from "./floods.ts";
import { history } from "./history.ts";
import { lists } from "./lists.ts";
import { logs } from "./logs.ts";
import { printMachine } from "./machine.ts";
import { roundTrip } from "./round-trip.ts";
import { sandbox } from "./sandbox.ts";
import { slowDisk } from "./slow-disk.ts";
import { timeline } from "./timeline.ts";
import { tokens } from "./tokens.ts";
import { webhooks } from "./webhooks.ts";

const programs = {
  accept,
  dispatch,
  "round-trip": roundTrip,
  "slow-disk": slowDisk,
  expiry,
  history,
  lists,
  fleet,
  floods,
  logs,
  tokens,
  closings,
  "closing-time": closingTime,
  events,
  timeline,
  webhooks,
  sandbox,
  console: consolePages,
} as const;
const interruptedCode = 130;

/** The steps that end what the running program has started. */
let closing = new Ending();
let interrupted = false;

/** Ends in order on Ctrl-C. A repeated signal is ignored: a package manager forwards each Ctrl-C a second time. */
function interrupt(): void {
  if (interrupted) return;
  interrupted = true;
  void closing.close().finally(() => process.exit(interruptedCode));
}

async function run(): Promise<void> {
  const { names, effort } = readArguments(process.argv.slice(2), Object.keys(programs));
  printMachine();
  for (const name of names as (keyof typeof programs)[]) {
    closing = new Ending();
    try {
      console.log(`${name}\n`);
      await programs[name](effort, closing);
    } finally {
      await closing.close();
    }
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);
// The reader of the output has closed it, as in `| head`.
process.stdout.on("error", interrupt);
try {
  await run();
} catch (error) {
  // A failure after the interruption is a consequence of it; `interrupt` sets the exit code.
  if (interrupted) await new Promise(() => {});
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = 1;
}
