import type { AbilityTable } from "@tillkeeper/contract/abilities";
import type { Kysely } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import type { Device } from "./devices.ts";

/**
 * Stores the abilities that a device reported in its hello. They belong to its address: another device reports its own.
 */
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

/** The abilities that the terminal's present device reported last; null where none were reported. */
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
