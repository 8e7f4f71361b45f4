// Goes through all terminals: one by one, with the client asking for the pages; and page by page, two to each. A page
// without `starting_after` is the last one.
import { createClient } from "@tillkeeper/sdk";

const env = (name: string) => process.env[`TILLKEEPER_${name}`] ?? "";
const client = createClient({
  url: env("URL"),
  accountId: env("ACCOUNT"),
  clientId: env("CLIENT_ID"),
  clientSecret: env("CLIENT_SECRET"),
});

for await (const { terminal_id, store_id } of client.terminals.list.all()) console.log(`${terminal_id} in ${store_id}`);

let after: string | undefined;
do {
  const page = await client.terminals.list({ limit: 2, ...(after !== undefined && { starting_after: after }) });
  console.log(page.terminals.map(({ terminal_id, status }) => `${terminal_id} ${status}`).join(", "));
  after = page.starting_after;
} while (after !== undefined);
