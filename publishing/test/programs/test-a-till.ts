import { startSandbox } from "@tillkeeper/sandbox";
import { TillkeeperError } from "@tillkeeper/sdk";

const sandbox = await startSandbox({
  stores: [{ store_id: "oslo", store_name: "Oslo" }],
  terminals: {
    till: {},
    busy: { fault: "busy_payment" },
    failing: { fault: "failure" },
    silent: { fault: "no_answer" },
  },
  clock: "2040-06-28T20:00:00+02:00",
});
const { client, terminals } = sandbox;
const ends = [];
for (const terminal_id of [terminals.till, terminals.busy, terminals.failing, terminals.silent]) {
  const { id } = await client.operations.create({ terminal_id, operation: "end_of_day" });
  if (terminal_id === terminals.silent) await client.sandbox.moveClock({ advance: "PT10M" });
  ends.push((await client.operations.wait(id)).status);
}
const missing = await client.stores.get("nowhere").catch((error) => error);
await sandbox.stop();
console.log(process.version, ends.join(" "), missing instanceof TillkeeperError);
