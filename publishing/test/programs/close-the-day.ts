import { fromSandbox } from "@tillkeeper/sdk/node";

const client = fromSandbox();
let terminal_id = "";
// The oldest one comes last.
for await (const terminal of client.terminals.list()) terminal_id = terminal.terminal_id;
const { status } = await client.operations.run({ terminal_id, operation: "end_of_day" });
console.log(process.version, status);
