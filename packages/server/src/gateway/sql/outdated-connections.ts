import { sql } from "kysely";
import type { Db } from "../../db/db.ts";

interface Connected {
  accountId: string;
  terminalId: string;
  credentialId: string;
}

/** Answers the positions of those whose credential was replaced, whose tokens are over, or whose terminal was deleted. */
export async function findOutdated(db: Db, connected: Connected[]): Promise<number[]> {
  const { rows } = await sql<{ position: number }>`
    select seen.position::int as position
    from unnest(
      ${connected.map((one) => one.accountId)}::text[],
      ${connected.map((one) => one.terminalId)}::text[],
      ${connected.map((one) => one.credentialId)}::uuid[]
    ) with ordinality as seen (account_id, terminal_id, credential_id, position)
    where not exists (
      select from terminal_credentials as credential
      join terminals on terminals.account_id = credential.account_id and terminals.terminal_id = credential.terminal_id
      where credential.account_id = seen.account_id and credential.terminal_id = seen.terminal_id
        and credential.credential_id = seen.credential_id and credential.lapsed_at is null
        -- The credential of a deleted terminal lives on while its last operation does.
        and (terminals.status <> 'DELETED' or credential.ends_with is not null)
    )`.execute(db.sql);
  // PostgreSQL counts from 1.
  return rows.map((row) => row.position - 1);
}
