import { Command } from "commander";
import type { ClockFlags } from "../commands/clock.ts";
import { withConnectionFlags } from "../connection/flags.ts";

/** `tillkeeper clock`: shows and moves a sandbox's time. */
export function clockCommand(): Command {
  const command = new Command("clock")
    .argument(
      "[time]",
      "how far ahead, as +8h or +1d12h, or the instant, as 2026-06-29T23:29:00+02:00; without it, it is shown",
    )
    .option("--rate <n>", "seconds of business time that pass in a second; 1 is usual", Number)
    .option("--json", "print what the server answered, as JSON");
  return withConnectionFlags(command).action(async (time: string | undefined, flags: ClockFlags) =>
    (await import("../commands/clock.ts")).clockAction(time, flags),
  );
}
