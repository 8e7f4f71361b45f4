import type { Kysely } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import { keepOpenBatch } from "../../terminals/record/former-open-batches.ts";
import type { TerminalKey } from "../../terminals/terminal-keys.ts";
import { removeOpenBatch } from "../record/queries.ts";

/**
 * To be called when another device becomes the terminal. The open batch of the former one is not the terminal's any more:
 * it is kept with the former address.
 */
export async function leaveOpenBatch(db: Kysely<Tables>, terminal: TerminalKey): Promise<void> {
  const told = await removeOpenBatch(db, terminal);
  if (told) await keepOpenBatch(db, terminal.accountId, told);
}
