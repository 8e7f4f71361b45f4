import { sql } from "kysely";
import type { Db, Tx } from "../../db/db.ts";
import type { TerminalKey } from "../terminal-keys.ts";

/** Lets a deleted terminal's credential end with an operation: no device gets in by it for anything else. */
export async function endCredentialWith(tx: Tx, place: TerminalKey, operationId: string): Promise<void> {
  await tx
    .updateTable("terminal_credentials")
    .set({ ends_with: operationId })
    .where("account_id", "=", place.accountId)
    .where("terminal_id", "=", place.terminalId)
    .execute();
}

/** Removes the credentials whose last operation ended before that time, and answers their addresses. */
export async function removeEndedCredentials(db: Db, endedBefore: Date): Promise<string[]> {
  const { rows } = await sql<{ address: string }>`
    delete from terminal_credentials as credential
    where ends_with is not null and not exists (
      select from operations
      where operations.account_id = credential.account_id and operations.id = credential.ends_with
        and (operations.status = 'PENDING' or operations.updated_at > ${endedBefore})
    )
    returning address`.execute(db.sql);
  return rows.map((row) => row.address);
}
