import { Command, InvalidArgumentError } from "commander";
import { withCalls } from "../calls/noun-command.ts";
import type { ResendFlags, TailFlags } from "../commands/events.ts";
import { withConnectionFlags } from "../connection/flags.ts";

const actions = () => import("../commands/events.ts");

/** `tillkeeper events`: lists events, follows them, and has them sent again. */
export function eventsCommand(): Command {
  const tail = withConnectionFlags(withEventFilters(new Command("tail")))
    .description("print events as they happen, until Ctrl-C")
    .option("--count <n>", "end after so many", count)
    .option("--json", "print each event as a line of JSON")
    .action(async (flags: TailFlags) => (await actions()).tailAction(flags));
  const resend = withConnectionFlags(new Command("resend"))
    .description("send an event again: to a webhook subscription, or to a program on this machine")
    .argument("<event-id>", "the event, or the first of several")
    .option("--until <event-id>", "the last of several")
    .option("--hook <id>", "the subscription; not needed where there is only one")
    .option("--forward-to <url>", "a program on this machine, in place of a subscription; signed as `listen` does")
    .option("--json", "print what came of it as JSON")
    .action(async (id: string, flags: ResendFlags) => (await actions()).resendAction(id, flags));
  return withCalls(new Command("events"), "events").addCommand(tail).addCommand(resend);
}

/** Gives a command the flags that narrow a stream of events. */
export function withEventFilters(command: Command): Command {
  return command
    .option("--type <name...>", "only these, as terminal_operation_update")
    .option("--store <id>", "only of this store")
    .option("--terminal <id>", "only of this terminal")
    .option("--after <event-id>", "begin behind this event; 0: with the oldest that is kept");
}

function count(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("It is a whole number from 1.");
}
