import type { Command } from "commander";

/** A server and a client of it, as options of a command. Options not given come from the environment, or from the sandbox. */
export interface ClientFlags {
  url?: string;
  clientId?: string;
  clientSecret?: string;
  clientSecretFile?: string;
  account?: string;
}

/** Gives a command the options that `withClient` reads. */
export function withClientFlags(command: Command): Command {
  return command
    .option("--url <url>", "where the server answers (or TILLKEEPER_URL)")
    .option("--client-id <id>", "the client that asks (or TILLKEEPER_CLIENT_ID)")
    .option("--client-secret-file <path>", "a file with its secret, - for standard input (or TILLKEEPER_CLIENT_SECRET)")
    .option("--client-secret <secret>", "its secret, for every list of processes to show")
    .option("--account <id>", "the account (or TILLKEEPER_ACCOUNT)")
    .addHelpText("after", "\nWithout any of them it asks the sandbox whose data folder is here.");
}
