import { abilitiesOf } from "@tillkeeper/contract/abilities";
import { simulatedSerialPattern } from "@tillkeeper/contract/accounts";
import type { TerminalWithPairing } from "@tillkeeper/contract/http/devices";
import type { Terminal, TerminalCreate } from "@tillkeeper/contract/http/terminals";
import { afterEvent, statusReasons, type TerminalState } from "@tillkeeper/contract/terminal-status";
import { recordChange } from "../access/audit/audit.ts";
import { inTenantWithLiveGrant, type LiveCaller } from "../access/auth/live-grant.ts";
import { newSecret } from "../access/auth/secrets/secrets.ts";
import type { Tx } from "../db/db.ts";
import { inTenant } from "../db/walls/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import type { PowerfulCaller } from "../platform/http/route.ts";
import { newId } from "../platform/ids.ts";
import { replaceCredential } from "../terminals/credentials/replace-credential.ts";
import { findAbilities } from "../terminals/record/abilities.ts";
import { holdStore, noSuchStore, type Place } from "../terminals/record/hold-store.ts";
import { modelOfSerial } from "../terminals/record/models.ts";
import { presentTerminal, terminalNotFound } from "../terminals/record/present.ts";
import { findTerminal, nextTerminalNumber, type TerminalRow } from "../terminals/record/rows.ts";
import { serialNumberTaken } from "../terminals/record/serials.ts";
import { addPairingCode, type PairingCodeDeps } from "./pairing/codes.ts";

export interface TerminalDeps extends PairingCodeDeps {
  /** Told of every new or deleted virtual terminal once it is committed, so that it connects or stops at once. */
  virtualTerminalsChanged: () => void;
}

/**
 * Registers a terminal (D8-D11); a real one comes with the code that its device pairs with. Throws `store` errors as 400,
 * `serial_number_taken`, `simulated_not_allowed`.
 */
export async function createTerminal(
  deps: TerminalDeps,
  caller: PowerfulCaller,
  input: TerminalCreate,
): Promise<TerminalWithPairing> {
  const simulated = isSimulated(caller.accountId, input.device_serial_number);
  const terminal = await inTenantWithLiveGrant(deps.db, caller, async (tx, live) => {
    const store = await holdStore(tx, caller.accountId, input.store_id);
    if (!store) throw noSuchStore();
    const terminalId = await insertTerminal(tx, deps.clock, live, { ...input, store, simulated });
    const created = presentTerminal((await findTerminal(tx, caller.accountId, terminalId)) as TerminalRow);
    await recordChange(tx, deps.clock, live, {
      action: "terminal.create",
      subject: { type: "terminal", id: terminalId },
      after: created,
    });
    if (simulated) return created;
    const { device_serial_number: serialNumber, pairing_reference: reference } = input;
    return { ...created, pairing: await addPairingCode(tx, deps, live, { terminalId, serialNumber, reference }) };
  });
  if (simulated) deps.virtualTerminalsChanged();
  return terminal;
}

export function isSimulated(accountId: string, serial: string): boolean {
  if (!serial.toUpperCase().startsWith("SIMULATED")) return false;
  if (accountId.startsWith("T") && simulatedSerialPattern(accountId).test(serial)) return true;
  throw new ApiError("simulated_not_allowed", "This account may not register that virtual terminal.", {
    errors: [
      {
        path: "/body/device_serial_number",
        message: "must be SIMULATED-{account id}-{3 digits}, on a sandbox account",
      },
    ],
  });
}

async function insertTerminal(
  tx: Tx,
  clock: Clock,
  caller: LiveCaller,
  input: TerminalCreate & { store: Place; simulated: boolean },
): Promise<string> {
  const now = clock.now();
  const number = await nextTerminalNumber(tx, caller.accountId);
  const terminalId = `${caller.accountId}-T${String(number).padStart(4, "0")}`;
  // D10, D11: a virtual terminal needs neither pairing nor configuration.
  const fresh: TerminalState = { status: input.simulated ? "ACTIVE" : "PENDING", remembered: null };
  const { status, remembered } = input.store.status === "SUSPENDED" ? afterEvent("store_suspended", fresh) : fresh;
  const inserted = await tx
    .insertInto("terminals")
    .values({
      account_id: caller.accountId,
      terminal_id: terminalId,
      number,
      id: newId(now),
      store_ref: input.store.id,
      device_serial_number: input.device_serial_number,
      device_model: input.device_model ?? modelOfSerial(input.device_serial_number),
      simulated: input.simulated,
      status,
      status_reason: statusReasons[status],
      status_before_inactive: remembered,
      created_at: now,
      created_by: caller.clientId,
      updated_at: now,
      deleted_at: null,
      deleted_by: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning("terminal_id")
    .executeTakeFirst();
  if (!inserted) {
    // The number taken above is given back with the transaction.
    throw serialNumberTaken();
  }
  if (input.simulated) {
    // Before any server runs it: what is accepted at once is for that device. The password is another one then.
    const place = { accountId: caller.accountId, terminalId };
    await replaceCredential(tx, clock, place, { password: newSecret() });
  }
  return terminalId;
}

/** With what its device can do. Throws `terminal_not_found`, also for terminals of other accounts. */
export async function getTerminal(deps: TerminalDeps, accountId: string, terminalId: string): Promise<Terminal> {
  const { row, abilities } = await inTenant(deps.db, accountId, async (tx) => ({
    row: await findTerminal(tx, accountId, terminalId),
    abilities: await findAbilities(tx, { accountId, terminalId }),
  }));
  if (!row) throw terminalNotFound();
  return { ...presentTerminal(row), ...(abilities && { abilities: abilitiesOf(abilities) }) };
}
