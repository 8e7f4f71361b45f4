// Sends an operation to a terminal that is busy with another operation, again and again until it is free.
// node examples/react-to-409.ts TERMINAL
import { setTimeout as sleep } from "node:timers/promises";
import { createClient, type Operation, type OperationCreate, TillkeeperError } from "@tillkeeper/sdk";

const env = (name: string) => process.env[`TILLKEEPER_${name}`] ?? "";
const client = createClient({
  url: env("URL"),
  accountId: env("ACCOUNT"),
  clientId: env("CLIENT_ID"),
  clientSecret: env("CLIENT_SECRET"),
});

async function sendWhenFree(body: OperationCreate): Promise<Operation> {
  for (;;) {
    try {
      return await client.operations.create(body);
    } catch (error) {
      // Other codes of 409 do not go away by waiting.
      if (!(error instanceof TillkeeperError) || error.code !== "operation_pending") throw error;
      console.log(`busy; the server says to come back in ${error.retryAfterSeconds} s`);
      await sleep((error.retryAfterSeconds ?? 1) * 1000);
    }
  }
}

const terminal_id = process.argv[2] ?? "";
// `simulate:slow` makes a virtual terminal take most of its time window.
await sendWhenFree({ terminal_id, operation: "open_menu", timeout: 5, parameters: { operator_id: "simulate:slow" } });
const { id } = await sendWhenFree({ terminal_id, operation: "open_menu" });
console.log((await client.operations.wait(id)).status);
