import { connect } from "../connection/connect.ts";
import type { ConnectionFlags } from "../connection/flags.ts";
import { UsageError } from "../failure.ts";
import { ask } from "../output/ask.ts";
import { say } from "../output/screen.ts";
import { showJson } from "../output/show.ts";

export interface ResetFlags extends ConnectionFlags {
  yes?: true;
  json?: true;
}

/** Takes a sandbox back to its beginning, once that was confirmed. */
export async function resetAction({ yes, json, ...flags }: ResetFlags): Promise<void> {
  const connection = connect(flags);
  if (!yes) {
    if (!process.stdin.isTTY) throw new UsageError("error: it deletes all stores and terminals: say --yes");
    const answer = await ask(`Delete all stores and terminals of ${connection.accountId} at ${connection.url}? [y/N]`);
    if (!/^y(?:es)?$/i.test(answer)) {
      say("Nothing was changed.");
      process.exitCode = 1;
      return;
    }
  }
  const made = await connection.ask((client) => client.sandbox.reset());
  if (json) return showJson(made);
  const { store_ids: stores, terminal_ids: terminals } = made;
  console.log(`${connection.accountId} is reset: ${stores.length} stores, ${terminals.length} terminals.`);
}
