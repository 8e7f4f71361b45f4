import type { OperationName } from "@tillkeeper/contract/operations";
import type { CaseContext } from "../case-context.ts";

/** Sends a cancel before its command: the device has to answer the operation as cancelled, and never begin it. */
export async function cancelledFirst(context: CaseContext, operation: OperationName): Promise<void> {
  const command = context.command(operation);
  context.mark();
  context.cancel(command);
  await context.failure(29, command, "cancelled");
  context.server.sendCommand(command);
  await context.perform("open_menu");
  if (context.began(command)) context.broken(29, "never to begin what was cancelled");
}
