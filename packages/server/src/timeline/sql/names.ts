import { sql } from "kysely";
import type { Tx } from "../../db/db.ts";

/** The names of clients of the account, revoked ones as well, by the ids by which they act. */
export async function clientNames(tx: Tx, accountId: string, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{ client_id: string; name: string }>`
    select client_id, name from clients
    where account_id = ${accountId} and client_id = any(${ids}::text[]) and name is not null
    order by created_at`.execute(tx);
  return new Map(rows.map(({ client_id: id, name }) => [id, name]));
}

/** The models of these terminals' present devices. */
export async function modelsOf(tx: Tx, accountId: string, terminalIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ device_model: string }>`
    select distinct device_model from terminals
    where account_id = ${accountId} and terminal_id = any(${terminalIds}::text[]) and device_model is not null`.execute(
    tx,
  );
  return rows.map(({ device_model: model }) => model);
}
