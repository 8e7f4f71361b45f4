// Opens the menu of a terminal and waits for the result. A request with an idempotency key may be sent again when no
// answer came: the server carries it out once. node examples/run-and-wait.ts TERMINAL
import { randomUUID } from "node:crypto";
import { createClient } from "@tillkeeper/sdk";

const env = (name: string) => process.env[`TILLKEEPER_${name}`] ?? "";
const client = createClient({
  url: env("URL"),
  accountId: env("ACCOUNT"),
  clientId: env("CLIENT_ID"),
  clientSecret: env("CLIENT_SECRET"),
});

const command = { terminal_id: process.argv[2] ?? "", operation: "open_menu" } as const;
const idempotencyKey = randomUUID();
const { id } = await client.operations.create(command, { idempotencyKey });
const again = await client.operations.create.withResponse(command, { idempotencyKey });
console.log(again.replayed && again.body.id === id ? "sent twice, done once" : "done twice");

const { status, reason } = await client.operations.wait(id);
console.log(status === "COMPLETED" ? "opened" : `${status}: ${reason}`);
