import type { TerminalWithPairing } from "@tillkeeper/contract/http/devices";
import type { TerminalCreate } from "@tillkeeper/contract/http/terminals";
import { recordChange } from "../access/audit/audit.ts";
import { inTenantWithLiveGrant } from "../access/auth/live-grant.ts";
import { newSecret } from "../access/auth/secrets/secrets.ts";
import type { PowerfulCaller } from "../platform/http/route.ts";
import { replaceCredential } from "../terminals/credentials/replace-credential.ts";
import { tellTerminal } from "../terminals/record/events.ts";
import { lockStore, noSuchStore, requireActive } from "../terminals/record/lock-store.ts";
import { modelOfSerial } from "../terminals/record/models.ts";
import { presentTerminal } from "../terminals/record/present.ts";
import { findTerminal, type TerminalRow } from "../terminals/record/rows.ts";

import { isSimulated } from "../terminals/record/simulated.ts";
import { insertTerminal } from "../terminals/record/write.ts";
import { addPairingCode, type PairingCodeDeps } from "./pairing/codes.ts";

export interface TerminalDeps extends PairingCodeDeps {
  /** Called after the commit for each new or deleted virtual terminal, so that it connects or stops at once. */
  virtualTerminalsChanged: () => void;
}

/**
 * Registers a terminal (D8-D11); a real one gets the code that its device pairs with. Throws `invalid_request` for an
 * unknown store, `store_suspended`, `serial_number_taken`, `simulated_not_allowed`.
 */
export async function createTerminal(
  deps: TerminalDeps,
  caller: PowerfulCaller,
  input: TerminalCreate,
): Promise<TerminalWithPairing> {
  const simulated = isSimulated(caller.accountId, input.device_serial_number);
  const terminal = await inTenantWithLiveGrant(deps.db, caller, async (tx, live) => {
    const store = await lockStore(tx, caller.accountId, input.store_id);
    if (!store) throw noSuchStore();
    requireActive(store);
    const terminalId = await insertTerminal(tx, deps.clock, {
      accountId: live.accountId,
      storeRef: store.id,
      serialNumber: input.device_serial_number,
      model: input.device_model ?? modelOfSerial(input.device_serial_number),
      simulated,
      createdBy: live.clientId,
    });
    // Created before a server runs the terminal, so that operations accepted at once have a device. The server that
    // runs it sets another password.
    if (simulated)
      await replaceCredential(tx, deps.clock, { accountId: live.accountId, terminalId }, { password: newSecret() });
    const created = presentTerminal((await findTerminal(tx, caller.accountId, terminalId)) as TerminalRow);
    await recordChange(tx, deps.clock, live, {
      action: "terminal.create",
      subject: { type: "terminal", id: terminalId },
      after: created,
    });
    await tellTerminal(tx, live, { cause: "terminal.create", terminalId, at: deps.clock.now() });
    if (simulated) return created;
    const { device_serial_number: serialNumber, pairing_reference: reference } = input;
    return { ...created, pairing: await addPairingCode(tx, deps, live, { terminalId, serialNumber, reference }) };
  });
  if (simulated) deps.virtualTerminalsChanged();
  return terminal;
}
