import { Command } from "commander";

/** `tillkeeper serve` */
export function serveCommand(): Command {
  return new Command("serve").action(async () => (await import("../commands/serve.ts")).serve());
}
