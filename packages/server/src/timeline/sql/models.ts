import { sql } from "kysely";
import type { Tx } from "../../db/db.ts";

/** The models of these terminals' present devices. */
export async function modelsOf(tx: Tx, accountId: string, terminalIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ device_model: string }>`
    select distinct device_model from terminals
    where account_id = ${accountId} and terminal_id = any(${terminalIds}::text[]) and device_model is not null`.execute(
    tx,
  );
  return rows.map(({ device_model: model }) => model);
}
