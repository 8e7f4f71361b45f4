import { Command, InvalidArgumentError } from "commander";

/** `tillkeeper sandbox` */
export function sandboxCommand(): Command {
  return new Command("sandbox")
    .option("--account <id>", "the account id: T and eight digits", readSandboxAccountId)
    .option("--seed <json>", "stores, terminals and clock that it begins with: JSON, its file, or - for standard input")
    .option(
      "--ephemeral",
      "keep nothing: free ports, a temporary data folder, a database in a PostgreSQL that is shared",
    )
    .option("--json", "print one line of JSON when it is ready, and nothing else")
    .option("--until-input-ends", "end when standard input ends, as it does with the process that started this one")
    .action(async (options) => (await import("../commands/sandbox.ts")).sandbox(options));
}

function readSandboxAccountId(text: string): string {
  if (/^T\d{8}$/.test(text)) return text;
  throw new InvalidArgumentError("It is T and eight digits.");
}
