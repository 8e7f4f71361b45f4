import type { AbilityTable } from "@tillkeeper/contract/abilities";
import type { Kysely } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import type { Device } from "./devices.ts";

/** Keeps what a device said in its hello that it can do. It belongs to its address: another device says it anew. */
export async function noteAbilities(
  db: Kysely<Tables>,
  { accountId, address }: Device,
  abilities: AbilityTable,
): Promise<void> {
  await db
    .updateTable("terminal_addresses")
    .set({ abilities: abilities && JSON.stringify(abilities) })
    .where("account_id", "=", accountId)
    .where("address", "=", address)
    .execute();
}

/** What the device that is the terminal's has said last. */
export async function findAbilities(
  db: Kysely<Tables>,
  { accountId, terminalId }: Omit<Device, "address">,
): Promise<AbilityTable> {
  const row = await db
    .selectFrom("terminal_credentials as credential")
    .innerJoin("terminal_addresses as device", (join) =>
      join.onRef("device.account_id", "=", "credential.account_id").onRef("device.address", "=", "credential.address"),
    )
    .select("device.abilities")
    .where("credential.account_id", "=", accountId)
    .where("credential.terminal_id", "=", terminalId)
    .executeTakeFirst();
  return row?.abilities ?? null;
}
