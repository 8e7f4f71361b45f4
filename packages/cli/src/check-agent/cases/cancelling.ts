import type { OperationName } from "@tillkeeper/contract/operations";
import type { Table } from "../table.ts";

/** An operation whose cancel comes before its command must be answered as cancelled, and never begin. */
export async function cancelledFirst(table: Table, operation: OperationName): Promise<void> {
  const command = table.command(operation);
  table.mark();
  table.cancel(command);
  await table.failure(29, command, "cancelled");
  table.referee.sendCommand(command);
  await table.perform("open_menu");
  if (table.began(command)) table.broken(29, "never to begin what was cancelled");
}
