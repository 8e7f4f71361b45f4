import { type CommandMessage, mayHaveClosed, type ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import type { CaseContext } from "../case-context.ts";
import { BrokenLaw } from "../laws.ts";

interface Close {
  command: CommandMessage;
  result: ResultMessage;
}

/**
 * Closes the day, which has to succeed when the server knows the last close. If the device first names a close by hand, a second
 * command follows, as a client of a server would send it.
 */
export async function closeDay(context: CaseContext, more: Partial<CommandMessage> = {}): Promise<Close> {
  await context.waitUntilHeld();
  const known = context.server.log.lastClose;
  const close = await attempt(context, more);
  if (close.result.reason !== "out_of_step" || context.server.log.lastClose === known) return completed(context, close);
  return completed(context, await attempt(context, more));
}

async function attempt(context: CaseContext, more: Partial<CommandMessage>): Promise<Close> {
  const command = context.send("end_of_day", more);
  const result = await context.result(25, command);
  await context.waitUntilHeld();
  return { command, result };
}

function completed(context: CaseContext, close: Close): Close {
  const { result } = close;
  if (result.status !== "COMPLETED" || result.repeats !== undefined)
    context.broken(25, "end_of_day COMPLETED, since `previous_close` is the last close of the log");
  if (!mayHaveClosed(result))
    throw new BrokenLaw("Messages", "an `outcome` that closes the batch", JSON.stringify(result.result));
  return close;
}

/** Sends an `end_of_day` with this `previous_close`: the device has to answer `out_of_step`. */
export async function outOfStep(context: CaseContext, previousClose: string | null): Promise<CommandMessage> {
  const { lastClose } = context.server.log;
  const command = context.send("end_of_day", { previous_close: previousClose });
  const { last_close } = await context.failure(25, command, "out_of_step");
  if ((last_close ?? null) !== lastClose)
    throw new BrokenLaw(25, `last_close ${lastClose ?? "left out"}`, last_close ?? "none");
  await context.waitUntilHeld();
  return command;
}
