import { Command } from "commander";
import type { ReleaseOptions } from "../commands/terminal.ts";

/** `tillkeeper terminal release`: frees a serial number that the wrong live account has registered. */
export function terminalCommand(): Command {
  const release = new Command("release")
    .description(
      "delete the terminal that holds a serial number in a live account, so that another account can register it",
    )
    .requiredOption("--serial <number>", "the serial number, in any case")
    .option("--paired", "also when a device has paired, or has a password: it is locked out")
    .action(async (options: ReleaseOptions) => (await import("../commands/terminal.ts")).releaseAction(options));
  return new Command("terminal").addCommand(release);
}
