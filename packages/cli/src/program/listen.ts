import { Command } from "commander";
import type { ListenFlags } from "../commands/listen.ts";
import { withConnectionFlags } from "../connection/flags.ts";
import { withEventFilters } from "./events.ts";

/** `tillkeeper listen`: webhooks at home. Events come over the stream and are posted to a program on this machine. */
export function listenCommand(): Command {
  const command = new Command("listen")
    .requiredOption("--forward-to <url>", "where your program takes webhooks, as http://localhost:3000/hooks")
    .option("--json", "print what was answered, how fast, and the event as a line of JSON for each")
    .addHelpText(
      "after",
      "\nNo subscription and no public address is needed. Each request is signed like a webhook, by the secret that is printed; " +
        "TILLKEEPER_LISTEN_SECRET names another. What your program does not take while it is down waits for it.",
    );
  return withConnectionFlags(withEventFilters(command)).action(async (flags: ListenFlags) =>
    (await import("../commands/listen.ts")).listenAction(flags),
  );
}
