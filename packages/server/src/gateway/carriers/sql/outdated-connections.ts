import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import { sql } from "kysely";
import { batchTable } from "../../../db/batch-table.ts";
import type { Db } from "../../../db/db.ts";

const noDevice = { accountId: "", terminalId: "", address: "" };

const connected = batchTable<typeof noDevice>({
  account_id: ["text", (device) => device.accountId],
  terminal_id: ["text", (device) => device.terminalId],
  address: ["text", (device) => device.address],
});

/**
 * Finds addresses whose credential is over: replaced, its token ended, or its terminal deleted. Answers their positions
 * in `addresses`, from 0.
 */
export async function findOutdated(db: Db, addresses: string[]): Promise<number[]> {
  const devices = addresses.map((address) => readDeviceAddress(address) ?? noDevice);
  const { rows } = await sql<{ position: number }>`
    select seen.position::int as position
    from ${connected.numberedOf(devices, "seen")}
    where not exists (
      select from terminal_credentials as credential
      join terminals on terminals.account_id = credential.account_id and terminals.terminal_id = credential.terminal_id
      where credential.account_id = seen.account_id and credential.terminal_id = seen.terminal_id
        and credential.address = seen.address and credential.lapsed_at is null
        -- The credential of a deleted terminal lives on until its last operation ends.
        and (terminals.status <> 'DELETED' or credential.ends_with is not null)
    )`.execute(db.sql);
  // PostgreSQL counts from 1.
  return rows.map((row) => row.position - 1);
}
