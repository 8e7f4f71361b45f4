import type { OpenBatch } from "@tillkeeper/contract/telemetry";
import type { Kysely } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";

/** What was open at a device when another one replaced it, and when the server heard that. */
export interface FormerOpenBatch {
  address: string;
  openBatch: OpenBatch;
  at: Date;
}

/** Keeps the open batch of a device that is being replaced with its address. */
export async function keepOpenBatch(
  db: Kysely<Tables>,
  accountId: string,
  { address, openBatch, at }: FormerOpenBatch,
): Promise<void> {
  await db
    .updateTable("terminal_addresses")
    .set({ open_batch: JSON.stringify(openBatch), open_batch_at: at })
    .where("account_id", "=", accountId)
    .where("address", "=", address)
    .execute();
}
