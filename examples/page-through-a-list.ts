// Lists all terminals: one by one, where the client requests the pages, and page by page, two terminals to a page. The
// last page has no `starting_after`.
import { createClient } from "@tillkeeper/sdk";

const env = (name: string) => process.env[`TILLKEEPER_${name}`] ?? "";
const client = createClient({
  url: env("URL"),
  accountId: env("ACCOUNT"),
  clientId: env("CLIENT_ID"),
  clientSecret: env("CLIENT_SECRET"),
});

for await (const { terminal_id, store_id } of client.terminals.list()) console.log(`${terminal_id} in ${store_id}`);

let after: string | undefined;
do {
  const page = await client.terminals.list({ limit: 2, ...(after !== undefined && { starting_after: after }) });
  console.log(page.terminals.map(({ terminal_id, status }) => `${terminal_id} ${status}`).join(", "));
  after = page.starting_after;
} while (after !== undefined);
