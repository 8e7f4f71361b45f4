import { readFileSync } from "node:fs";
import { createClient } from "@tillkeeper/sdk";

const { http_url, account_id, client_id, client_secret } = JSON.parse(readFileSync("data/sandbox.json", "utf8"));
const client = createClient({ url: http_url, accountId: account_id, clientId: client_id, clientSecret: client_secret });
const { terminals } = await client.terminals.list({ limit: 100 });
const terminal_id = terminals.at(-1)?.terminal_id ?? "";
const { id } = await client.operations.create({ terminal_id, operation: "end_of_day" });
const { status } = await client.operations.wait(id);
console.log(process.version, status);
