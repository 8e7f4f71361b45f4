import { type Kysely, sql } from "kysely";
import type { Tables } from "../../src/db/tables/schema.ts";
import type { ToldOpenBatch } from "../../src/presence/record/queries.ts";
import type { FormerOpenBatch } from "../../src/terminals/record/former-open-batches.ts";
import { type TerminalKey, terminalKeys } from "../../src/terminals/terminal-keys.ts";

/**
 * The open batches of the terminals' present devices, by terminal. Terminals that tell nothing have none: it is not known
 * what is open there.
 */
export async function findOpenBatches(
  db: Kysely<Tables>,
  terminals: TerminalKey[],
): Promise<Map<string, ToldOpenBatch>> {
  const { rows } = await sql<ToldOpenBatch & { terminalId: string }>`
    select told.terminal_id as "terminalId", told.address, told.value as "openBatch", told.at from terminal_telemetry as told
    join ${terminalKeys.of(terminals, "key")} on key.account_id = told.account_id and key.terminal_id = told.terminal_id
    join terminal_credentials as present
      on present.account_id = told.account_id and present.terminal_id = told.terminal_id and present.address = told.address
    where told.field = 'open_batch'`.execute(db);
  return new Map(rows.map(({ terminalId, ...told }) => [terminalId, told]));
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
