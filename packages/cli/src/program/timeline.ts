import { Command } from "commander";
import { withCalls } from "../calls/noun-command.ts";
import type { TimelineFlags } from "../commands/timeline.ts";
import { withConnectionFlags } from "../connection/flags.ts";

/** `tillkeeper timeline`: what happened to a terminal, or in a store, in the store's own time. */
export function timelineCommand(): Command {
  const command = new Command("timeline")
    .argument("<id>", "a terminal, as T12345678-T0001, or a store")
    .option("--at <time>", "around this time at the store: 23:31, or 2026-06-29T23:31")
    .option("--limit <n>", "how many entries", Number, 30)
    .option("--json", "print what the server answered, as JSON");
  return withCalls(
    withConnectionFlags(command).action(async (id: string, flags: TimelineFlags) =>
      (await import("../commands/timeline.ts")).timelineAction(id, flags),
    ),
    "timeline",
  );
}
