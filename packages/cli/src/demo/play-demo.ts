import { operationNames } from "@tillkeeper/contract/operations";
import { createClient } from "@tillkeeper/sdk";
import type { RunningServer } from "@tillkeeper/server/main";
import { watchAnswers } from "./answers.ts";
import { playCommands } from "./commands.ts";
import { playConflicts } from "./conflicts.ts";
import type { DemoContext } from "./demo-context.ts";
import { setUp } from "./setting-up.ts";
import { StepRunner } from "./step-runner.ts";
import { playHistory, playTrouble } from "./trouble.ts";

/** One operation of each kind, then the slow one, and the menu that waited for it. */
const sentToFirst = operationNames.length + 2;

/**
 * Plays all steps against a sandbox, and prints the progress and the table at the end. Returns whether everything went as
 * documented. Throws the signal's reason when it is interrupted.
 */
export async function playDemo(sandbox: NonNullable<RunningServer["sandbox"]>, signal: AbortSignal): Promise<boolean> {
  const { account_id: accountId, client_id: clientId, client_secret: clientSecret } = sandbox;
  const { fetch, last } = watchAnswers();
  const client = createClient({ url: sandbox.http_url, accountId, clientId, clientSecret, fetch });
  const steps = new StepRunner(signal);
  const context: DemoContext = { steps, client, last, accountId, clientId, signal };
  let complete = false;
  try {
    const terminalId = await setUp(context);
    await playCommands(context, terminalId);
    await playConflicts(context, terminalId);
    await playTrouble(context);
    await playHistory(context, terminalId, sentToFirst);
    complete = true;
  } catch (error) {
    signal.throwIfAborted();
    console.error(`The story ends here: ${error instanceof Error ? error.message : String(error)}`);
  }
  console.log(`\n${steps.table()}\n`);
  return complete && steps.succeeded;
}
