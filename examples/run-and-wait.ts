// Opens the menu of a terminal and waits for the result. With a key of its own the program may be started again in
// between: the server carries the command out once. node examples/run-and-wait.ts TERMINAL
import { randomUUID } from "node:crypto";
import { OperationFailedError } from "@tillkeeper/sdk";
import { fromSandbox } from "@tillkeeper/sdk/node";

const { operations } = fromSandbox();
const command = { terminal_id: process.argv[2] ?? "", operation: "open_menu" } as const;
const idempotencyKey = randomUUID();
try {
  const { id } = await operations.run(command, { idempotencyKey, waitWhenBusy: true });
  console.log("opened");
  const again = await operations.run(command, { idempotencyKey });
  console.log(again.id === id ? "sent twice, done once" : "done twice");
} catch (error) {
  if (!(error instanceof OperationFailedError)) throw error;
  console.log(error.message);
  process.exitCode = 1;
}
