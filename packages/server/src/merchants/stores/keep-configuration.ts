import type { StoreConfigurationPatch } from "@tillkeeper/contract/http/store-configuration";
import type { Kysely } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";

/** Writes the configuration of a store. It was checked: by the caller, or when it was set before. */
export async function keepConfiguration(
  db: Kysely<Tables>,
  accountId: string,
  { id, configuration }: { id: string; configuration: StoreConfigurationPatch },
): Promise<void> {
  await db
    .updateTable("stores")
    .set({ configuration: JSON.stringify(configuration) })
    .where("account_id", "=", accountId)
    .where("id", "=", id)
    .execute();
}
