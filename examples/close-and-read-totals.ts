// Closes the day of a terminal and reads the totals. Amounts are in the smallest unit of the currency. A figure that
// the terminal did not report is absent, which does not mean zero. node examples/close-and-read-totals.ts TERMINAL
import { createClient } from "@tillkeeper/sdk";

const env = (name: string) => process.env[`TILLKEEPER_${name}`] ?? "";
const client = createClient({
  url: env("URL"),
  accountId: env("ACCOUNT"),
  clientId: env("CLIENT_ID"),
  clientSecret: env("CLIENT_SECRET"),
});

const terminal_id = process.argv[2] ?? "";
const { id } = await client.operations.create({ terminal_id, operation: "end_of_day" });
const { status, reason, result } = await client.operations.wait(id);

if (status === "COMPLETED" && result && "batch_id" in result) {
  const { batch_id, outcome, sale_amount, tip_amount, purchases_count, currency } = result;
  console.log(`batch ${batch_id} is ${outcome}: ${purchases_count} purchases`);
  console.log(`sales ${sale_amount}, tips ${tip_amount} (${currency})`);
} else {
  console.log(`the day is not closed: ${status}, ${reason}`);
  process.exitCode = 1;
}
