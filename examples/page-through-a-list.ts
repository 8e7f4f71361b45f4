// Lists all terminals: one by one, where the client requests the pages, and page by page, two terminals to a page. The
// last page has no `starting_after`.
import { fromSandbox } from "@tillkeeper/sdk/node";

const client = fromSandbox();

for await (const { terminal_id, store_id } of client.terminals.list()) console.log(`${terminal_id} in ${store_id}`);

let after: string | undefined;
do {
  const page = await client.terminals.list({ limit: 2, ...(after !== undefined && { starting_after: after }) });
  console.log(page.terminals.map(({ terminal_id, status }) => `${terminal_id} ${status}`).join(", "));
  after = page.starting_after;
} while (after !== undefined);
