import type { TerminalDevice } from "@tillkeeper/contract/http/devices";
import type { Db, Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { newId } from "../../platform/ids.ts";
import { documentedTime } from "../../platform/timestamps.ts";
import { terminalNotFound } from "./present.ts";
import { findTerminal, listFormerDevices, type TerminalRow } from "./rows.ts";

/** Keeps the device that another one replaces: serial number, model, and from when until when it was the terminal's. */
export async function keepFormerDevice(tx: Tx, clock: Clock, row: TerminalRow, replacedBy: string): Promise<void> {
  const [before] = await listFormerDevices(tx, row.account_id, row.terminal_id);
  const now = clock.now();
  await tx
    .insertInto("terminal_devices")
    .values({
      account_id: row.account_id,
      id: newId(now),
      terminal_id: row.terminal_id,
      device_serial_number: row.device_serial_number,
      device_model: row.device_model,
      used_from: before?.used_until ?? row.created_at,
      used_until: now,
      replaced_by: replacedBy,
    })
    .execute();
}

/** The devices that a terminal is and was, newest first. Throws `terminal_not_found`. */
export async function getDevices({ db }: { db: Db }, accountId: string, terminalId: string): Promise<TerminalDevice[]> {
  const { row, former } = await inTenant(db, accountId, async (tx) => ({
    row: await findTerminal(tx, accountId, terminalId),
    former: await listFormerDevices(tx, accountId, terminalId),
  }));
  if (!row) throw terminalNotFound();
  const current = {
    device_serial_number: row.device_serial_number,
    ...(row.device_model !== null && { device_model: row.device_model }),
    from: documentedTime(former[0]?.used_until ?? row.created_at),
    ...(row.deleted_at && { until: documentedTime(row.deleted_at) }),
  };
  const earlier = former.map((device) => ({
    device_serial_number: device.device_serial_number,
    ...(device.device_model !== null && { device_model: device.device_model }),
    from: documentedTime(device.used_from),
    until: documentedTime(device.used_until),
    replaced_by: device.replaced_by,
  }));
  return [current, ...earlier];
}
