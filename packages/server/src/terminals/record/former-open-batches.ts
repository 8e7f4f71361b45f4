import type { OpenBatch } from "@tillkeeper/contract/telemetry";
import { type Kysely, sql } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import { type TerminalKey, terminalKeys } from "../terminal-keys.ts";

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

/** The open batches of the terminals' former devices as last told, by terminal, the last device first. */
export async function findFormerOpenBatches(
  db: Kysely<Tables>,
  terminals: TerminalKey[],
): Promise<Map<string, FormerOpenBatch[]>> {
  const { rows } = await sql<FormerOpenBatch & { terminalId: string }>`
    select former.terminal_id as "terminalId", former.address, former.open_batch as "openBatch", former.open_batch_at as at
    from terminal_addresses as former
    join ${terminalKeys.of(terminals, "key")}
      on key.account_id = former.account_id and key.terminal_id = former.terminal_id
    where former.open_batch is not null
    order by former.created_at desc, former.address desc`.execute(db);
  const known = new Map<string, FormerOpenBatch[]>();
  for (const { terminalId, ...former } of rows) known.set(terminalId, [...(known.get(terminalId) ?? []), former]);
  return known;
}
