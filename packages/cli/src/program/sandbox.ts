import { Command } from "commander";

/** `tillkeeper sandbox` */
export function sandboxCommand(): Command {
  return new Command("sandbox").action(async () => (await import("../commands/sandbox.ts")).sandbox());
}
