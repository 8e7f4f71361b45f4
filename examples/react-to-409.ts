// Sends an operation to a terminal that is busy with another one: says with what, then waits until it is free.
// node examples/react-to-409.ts TERMINAL
import { TerminalBusyError } from "@tillkeeper/sdk";
import { fromSandbox } from "@tillkeeper/sdk/node";

const client = fromSandbox();
const command = { terminal_id: process.argv[2] ?? "", operation: "open_menu" } as const;
// `simulate:slow` makes a virtual terminal take most of its time window.
const slow = { ...command, timeout: 5, parameters: { operator_id: "simulate:slow" } };
await client.operations.create(slow, { waitWhenBusy: true });
try {
  await client.operations.create(command);
} catch (error) {
  if (!(error instanceof TerminalBusyError)) throw error;
  console.log(`busy with ${error.blocker?.operation}; the server says to come back in ${error.retryAfterSeconds} s`);
}
console.log((await client.operations.run(command, { waitWhenBusy: true })).status);
