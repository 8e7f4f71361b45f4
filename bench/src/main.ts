import { UsageError } from "@tillkeeper/stage/programs/usage";
import { readArguments } from "./arguments.ts";
import { closingTime } from "./closings/closing-time.ts";
import { closings } from "./closings/closings.ts";
import { dispatch } from "./devices/dispatch.ts";
import { fleet } from "./devices/fleet.ts";
import { floods } from "./devices/floods.ts";
import { roundTrip } from "./devices/round-trip.ts";
import { slowDisk } from "./disk/slow-disk.ts";
import { consolePages } from "./edges/console.ts";
import { logs } from "./edges/logs.ts";
import { sandbox } from "./edges/sandbox.ts";
import { tokens } from "./edges/tokens.ts";
import { events } from "./events/events.ts";
import { webhooks } from "./events/webhooks.ts";
import { history } from "./lists/history.ts";
import { lists } from "./lists/lists.ts";
import { timeline } from "./lists/timeline.ts";
import { accept } from "./operations/accept.ts";
import { expiry } from "./operations/expiry.ts";
import { Ending } from "./parts/ending.ts";
import { printMachine } from "./parts/machine.ts";

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
