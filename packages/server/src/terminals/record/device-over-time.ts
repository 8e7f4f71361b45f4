import type { Tx } from "../../db/db.ts";
import { findTerminal, listFormerDevices } from "./rows.ts";

/** Makes a function that answers a terminal's serial number at a given time. The terminal must exist. */
export async function deviceOverTime(tx: Tx, accountId: string, terminalId: string): Promise<(at: Date) => string> {
  const terminal = await findTerminal(tx, accountId, terminalId);
  const current = terminal?.device_serial_number ?? "";
  const former = (await listFormerDevices(tx, accountId, terminalId)).toReversed();
  return (at) => former.find(({ used_until }) => at < used_until)?.device_serial_number ?? current;
}
