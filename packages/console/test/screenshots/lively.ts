import type { Shop } from "../support/shop.ts";

const others = [
  ["bergen", "Bergen Harbour", "Strandkaien 3", "5013", "Bergen"],
  ["trondheim", "Trondheim Station", "Fosenkaia 1", "7010", "Trondheim"],
  ["tromso", "Tromsø North", "Storgata 92", "9008", "Tromsø"],
] as const;

/** Fills the account with what one that is in use has: stores, operations, people, a program, a webhook. */
export async function liven({ client, terminals }: Shop): Promise<{ hook: string }> {
  for (const [store_id, store_name, address_line, postal_code, postal_place] of others)
    await client.stores.create({
      store_id,
      store_name,
      address: { address_line, postal_code, postal_place, country: "NO" },
    });
  for (const operation of ["open_menu", "send_logs", "check_update"] as const)
    await client.operations.run({ terminal_id: terminals.good, operation });
  await client.operations.create({ terminal_id: terminals.absent, operation: "send_logs", timeout: 600 });
  await client.users.create({ email: "ola@kiosk.example", name: "Ola Hansen", role: "store", stores: ["market"] });
  await client.users.create({ email: "ingrid@kiosk.example", name: "Ingrid Berg", role: "operations" });
  await client.clients.create({ name: "Cash registers" });
  // Nothing listens there: the picture shows what a failed attempt looks like.
  const { id } = await client.hooks.create({
    config: { url: "http://127.0.0.1:9/tillkeeper" },
    events: ["terminal_operation_add", "terminal_operation_update", "store_closing_update"],
  });
  return { hook: id };
}
