import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import { sql } from "kysely";
import type { Db } from "../../../db/db.ts";

const nobody = { accountId: "", terminalId: "", address: "" };

/** Answers the positions of addresses that were replaced, whose tokens are over, or whose terminal was deleted. */
export async function findOutdated(db: Db, addresses: string[]): Promise<number[]> {
  const devices = addresses.map((address) => readDeviceAddress(address) ?? nobody);
  const { rows } = await sql<{ position: number }>`
    select seen.position::int as position
    from unnest(
      ${devices.map((device) => device.accountId)}::text[],
      ${devices.map((device) => device.terminalId)}::text[],
      ${devices.map((device) => device.address)}::text[]
    ) with ordinality as seen (account_id, terminal_id, address, position)
    where not exists (
      select from terminal_credentials as credential
      join terminals on terminals.account_id = credential.account_id and terminals.terminal_id = credential.terminal_id
      where credential.account_id = seen.account_id and credential.terminal_id = seen.terminal_id
        and credential.address = seen.address and credential.lapsed_at is null
        -- The credential of a deleted terminal lives on while its last operation does.
        and (terminals.status <> 'DELETED' or credential.ends_with is not null)
    )`.execute(db.sql);
  // PostgreSQL counts from 1.
  return rows.map((row) => row.position - 1);
}
