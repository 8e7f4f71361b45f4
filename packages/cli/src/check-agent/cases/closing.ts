import { type CommandMessage, mayHaveClosed, type ResultMessage } from "@tillkeeper/contract/mqtt";
import { BrokenLaw } from "../laws.ts";
import type { Table } from "../table.ts";

interface Close {
  command: CommandMessage;
  result: ResultMessage;
}

/**
 * Closes the day, as it has to be possible when the server knows the last close. A device that has just named a batch which was
 * closed by hand is asked once more, as a server's user would.
 */
export async function closeDay(table: Table, more: Partial<CommandMessage> = {}): Promise<Close> {
  await table.held();
  const known = table.referee.log.lastClose;
  const close = await attempt(table, more);
  if (close.result.reason !== "out_of_step" || table.referee.log.lastClose === known) return completed(table, close);
  return completed(table, await attempt(table, more));
}

async function attempt(table: Table, more: Partial<CommandMessage>): Promise<Close> {
  const command = table.ask("end_of_day", more);
  const result = await table.result(25, command);
  await table.held();
  return { command, result };
}

function completed(table: Table, close: Close): Close {
  const { result } = close;
  if (result.status !== "COMPLETED" || result.repeats !== undefined)
    table.broken(25, "end_of_day COMPLETED, since `previous_close` is the last close of the log");
  if (!mayHaveClosed(result))
    throw new BrokenLaw("Messages", "an `outcome` that closes the batch", JSON.stringify(result.result));
  return close;
}

/** An `end_of_day` that names this as its previous close has to be out of step. */
export async function outOfStep(table: Table, previousClose: string | null): Promise<CommandMessage> {
  const { lastClose } = table.referee.log;
  const command = table.ask("end_of_day", { previous_close: previousClose });
  const { last_close } = await table.failure(25, command, "out_of_step");
  if ((last_close ?? null) !== lastClose)
    throw new BrokenLaw(25, `last_close ${lastClose ?? "left out"}`, last_close ?? "none");
  await table.held();
  return command;
}
