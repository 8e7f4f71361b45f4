import type { StoreConfigurationPatch } from "@tillkeeper/contract/http/store-configuration";
import type { Kysely } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";

/** Gives a store the configuration that one like it had: it was checked when it was set there. */
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
