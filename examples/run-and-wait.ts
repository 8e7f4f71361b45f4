// Opens the menu of a terminal and waits for the result; `operations.run` does both in one. With a key of its own a
// program may be started again in between: the server carries it out once. node examples/run-and-wait.ts TERMINAL
import { randomUUID } from "node:crypto";
import { fromSandbox } from "@tillkeeper/sdk/node";

const { operations } = fromSandbox();
const command = { terminal_id: process.argv[2] ?? "", operation: "open_menu" } as const;
const options = { idempotencyKey: randomUUID(), waitWhenBusy: true };
const { id } = await operations.create(command, options);
const again = await operations.create.withResponse(command, options);
console.log(again.replayed && again.body.id === id ? "sent twice, done once" : "done twice");

const { status, next_step_text: todo } = await operations.wait(id);
console.log(status === "COMPLETED" ? "opened" : `${status}: ${todo}`);
if (status !== "COMPLETED") process.exitCode = 1;
