import type { Command } from "commander";

/** Which server, and which of its accounts. Secrets are never among a command's arguments: others see those. */
export interface ConnectionFlags {
  profile?: string;
  account?: string;
}

/** Gives a command the options that `connect` reads. */
export function withConnectionFlags(command: Command): Command {
  return command
    .option("--profile <name>", "the server that `tillkeeper login` knows by this name (or TILLKEEPER_PROFILE)")
    .option("--account <id>", "another account of that server");
}
