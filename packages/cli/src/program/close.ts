import { Command } from "commander";
import type { CloseFlags } from "../commands/close.ts";
import { withConnectionFlags } from "../connection/flags.ts";

/** `tillkeeper close`: closes a store's day and watches its terminals. */
export function closeCommand(): Command {
  const command = new Command("close")
    .argument("<store>", "its store_id, or its id")
    .option("--day <date>", "the business day; by default the one that is open")
    .option("--terminal <id...>", "only these terminals")
    .option("--again", "also terminals that are closed and sold since")
    .option("--when-busy <word>", "what a terminal with a payment does: fail, or wait")
    .option("--retry-until <instant>", "until when the server goes on by itself")
    .option("--expected <json>", "the till's own figures, to be compared: JSON, @file, or -")
    .option("--preview", "only say what would be done; nothing is closed")
    .option("--wait <duration>", "watch so long, as 10m, also while terminals wait for a person; see below")
    .option("--no-wait", "do not watch at all")
    .option("--json", "print the closing as the server answers it at the end")
    .addHelpText(
      "after",
      "\nIt ends when nothing moves by itself any more, or after five minutes; the server goes on without it.\n" +
        "Exit codes: 0 all is closed, or there was nothing to close. 3: terminals are not closed yet; what to do is printed, and the " +
        "same command goes on with what is missing. 4: of a terminal nobody knows.",
    );
  return withConnectionFlags(command).action(async (store: string, flags: CloseFlags) =>
    (await import("../commands/close.ts")).closeAction(store, flags),
  );
}
