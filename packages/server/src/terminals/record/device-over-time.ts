import type { Tx } from "../../db/db.ts";
import { findTerminal, listFormerDevices } from "./rows.ts";

/** Answers which device a terminal was at a time, by its serial number. Of a terminal that exists. */
export async function deviceOverTime(tx: Tx, accountId: string, terminalId: string): Promise<(at: Date) => string> {
  const terminal = await findTerminal(tx, accountId, terminalId);
  const current = terminal?.device_serial_number ?? "";
  const former = (await listFormerDevices(tx, accountId, terminalId)).toReversed();
  return (at) => former.find(({ used_until }) => at < used_until)?.device_serial_number ?? current;
}
