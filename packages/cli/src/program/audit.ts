import { Command } from "commander";
import { withCalls } from "../calls/noun-command.ts";
import type { VerifyOptions } from "../commands/audit.ts";

/** `tillkeeper audit`: verifies the audit log, and prints the key that verifies its checkpoints. */
export function auditCommand(): Command {
  const verify = new Command("verify")
    .description("recompute the chains of the audit log; exit code 1 when one does not hold")
    .option("--account <id>", "only this account")
    .option(
      "--checkpoint <path>",
      "chains must pass through this file, or all of this folder; may be repeated",
      all,
      [],
    )
    .option("--public-key <file>", "a key that may have signed them, beside this server's; may be repeated", all, [])
    .action(async (options: VerifyOptions) => (await import("../commands/audit.ts")).verifyAction(options));
  const key = new Command("key")
    .description("print the public key that verifies checkpoints of the audit log")
    .action(async () => (await import("../commands/audit.ts")).keyAction());
  return withCalls(new Command("audit"), "audit").addCommand(verify).addCommand(key);
}

function all(path: string, before: string[]): string[] {
  return [...before, path];
}
