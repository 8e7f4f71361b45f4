import { sql } from "kysely";
import type { Tx } from "../../db/db.ts";

/** Makes a function that answers the serial number of a terminal's device at a time, for the terminals and times of these rows. */
export async function devicesOverTime(
  tx: Tx,
  accountId: string,
  rows: readonly { terminal_id: string; at: Date }[],
): Promise<(row: { terminal_id: string; at: Date }) => string> {
  if (rows.length === 0) return () => "";
  const terminalIds = [...new Set(rows.map(({ terminal_id: id }) => id))];
  const since = new Date(Math.min(...rows.map(({ at }) => at.getTime())));
  const present = await tx
    .selectFrom("terminals")
    .select(["terminal_id", "device_serial_number"])
    .where("account_id", "=", accountId)
    .where(sql<boolean>`terminal_id = any(${terminalIds})`)
    .execute();
  const former = await tx
    .selectFrom("terminal_devices")
    .select(["terminal_id", "device_serial_number", "used_until"])
    .where("account_id", "=", accountId)
    .where(sql<boolean>`terminal_id = any(${terminalIds})`)
    .where("used_until", ">", since)
    .orderBy("id")
    .execute();
  const presentOf = new Map(present.map((row) => [row.terminal_id, row.device_serial_number]));
  const formerOf = Map.groupBy(former, (row) => row.terminal_id);
  return ({ terminal_id: id, at }) => {
    const then = formerOf.get(id)?.find(({ used_until }) => at < used_until);
    return then?.device_serial_number ?? presentOf.get(id) ?? "";
  };
}
