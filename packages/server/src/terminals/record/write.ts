import { statusReasons } from "@tillkeeper/contract/terminal-status";
import type { Tx } from "../../db/db.ts";
import type { Clock } from "../../platform/clock.ts";
import { newId } from "../../platform/ids.ts";
import type { TerminalKey } from "../terminal-keys.ts";
import { moveTerminals } from "./life-cycle.ts";
import { nextTerminalNumber } from "./rows.ts";
import { serialNumberTaken } from "./serials.ts";

/** Makes another device the terminal's, and moves the terminal as the contract's table says for that. The caller writes the event. */
export async function setDevice(
  tx: Tx,
  clock: Clock,
  place: TerminalKey,
  { serialNumber, model }: { serialNumber: string; model: string | null },
): Promise<void> {
  await tx
    .updateTable("terminals")
    .set({ device_serial_number: serialNumber, device_model: model, updated_at: clock.now() })
    .where("account_id", "=", place.accountId)
    .where("terminal_id", "=", place.terminalId)
    .execute();
  await moveTerminals(tx, clock, "device_replaced", { ...place, told: "by the caller" });
}

/** A terminal as it is registered. */
export interface NewTerminal {
  accountId: string;
  /** The generated id of its store, which is not suspended. */
  storeRef: string;
  serialNumber: string;
  model: string | null;
  simulated: boolean;
  createdBy: string;
}

/** Adds a terminal and answers its id. Throws `serial_number_taken`; its number is given back with the transaction then. */
export async function insertTerminal(tx: Tx, clock: Clock, terminal: NewTerminal): Promise<string> {
  const { accountId, storeRef, simulated } = terminal;
  const now = clock.now();
  const number = await nextTerminalNumber(tx, accountId);
  const terminalId = `${accountId}-T${String(number).padStart(4, "0")}`;
  // D10, D11: a virtual terminal needs neither pairing nor configuration.
  const status = simulated ? "ACTIVE" : "PENDING";
  const inserted = await tx
    .insertInto("terminals")
    .values({
      account_id: accountId,
      terminal_id: terminalId,
      number,
      id: newId(now),
      store_ref: storeRef,
      device_serial_number: terminal.serialNumber,
      device_model: terminal.model,
      simulated,
      status,
      status_reason: statusReasons[status],
      status_before_inactive: null,
      pending_since: now,
      created_at: now,
      created_by: terminal.createdBy,
      updated_at: now,
      deleted_at: null,
      deleted_by: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning("terminal_id")
    .executeTakeFirst();
  if (!inserted) throw serialNumberTaken();
  return terminalId;
}
