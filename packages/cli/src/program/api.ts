import { Argument, Command, InvalidArgumentError } from "commander";
import type { ApiFlags } from "../commands/api.ts";
import { withConnectionFlags } from "../connection/flags.ts";

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/** `tillkeeper api`: sends any request with the access token, and prints what comes back. */
export function apiCommand(): Command {
  const command = new Command("api")
    .addArgument(new Argument("<method>", methods.join(", ")).argParser(method))
    .argument("<path>", "as the reference has it; without /v1 it is below the account: /stores")
    .option("--body <json>", "JSON, @file, or - for standard input")
    .option("--header <line>", "a header, as 'Prefer: wait=10'; may be repeated", all, [])
    .option("--include", "print the status and the headers, too, on standard error")
    .addHelpText(
      "after",
      "\n  tillkeeper api GET '/stores?limit=2'\n  tillkeeper api POST /stores --body '{\"store_id\":\"S312\"}'",
    );
  return withConnectionFlags(command).action(async (name: string, path: string, flags: ApiFlags) =>
    (await import("../commands/api.ts")).apiAction(name, path, flags),
  );
}

function method(text: string): string {
  const name = text.toUpperCase();
  if (methods.some((known) => known === name)) return name;
  throw new InvalidArgumentError(`It is one of ${methods.join(", ")}.`);
}

function all(line: string, before: string[]): string[] {
  return [...before, line];
}
