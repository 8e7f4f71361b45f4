// Closes the day of a terminal and reads the totals. Amounts are in the smallest unit of the currency. A figure that
// the terminal did not report is absent, which does not mean zero. node examples/close-and-read-totals.ts TERMINAL
import { OperationFailedError } from "@tillkeeper/sdk";
import { fromSandbox } from "@tillkeeper/sdk/node";

const command = { terminal_id: process.argv[2] ?? "", operation: "end_of_day" } as const;
try {
  const { result } = await fromSandbox().operations.run(command, { waitWhenBusy: true });
  const { batch_id, outcome, sale_amount, tip_amount, purchases_count, currency } = result;
  console.log(`batch ${batch_id} is ${outcome}: ${purchases_count} purchases`);
  console.log(`sales ${sale_amount}, tips ${tip_amount} (${currency})`);
} catch (error) {
  if (!(error instanceof OperationFailedError)) throw error;
  console.log(error.message);
  process.exitCode = 1;
}
