import { Command } from "commander";
import type { ResetFlags } from "../commands/reset.ts";
import { withConnectionFlags } from "../connection/flags.ts";

/** `tillkeeper reset`: takes a sandbox back to its beginning. */
export function resetCommand(): Command {
  const command = new Command("reset")
    .option("--yes", "do not ask; needed where nobody can be asked")
    .option("--json", "print what the server answered, as JSON")
    .addHelpText(
      "after",
      "\nStores, terminals and what happened to them are deleted, and those of the snapshot, or else of a new sandbox, are there again, with the same ids. " +
        "Clients, their secrets and the audit log stay. `tillkeeper sim take-snapshot` takes a snapshot.",
    );
  return withConnectionFlags(command).action(async (flags: ResetFlags) =>
    (await import("../commands/reset.ts")).resetAction(flags),
  );
}
