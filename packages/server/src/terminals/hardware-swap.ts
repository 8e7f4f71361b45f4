import type {
  DeviceReplacement,
  Pairing,
  TerminalDevice,
  TerminalWithPairing,
} from "@tillkeeper/contract/http/devices";
import type { Terminal } from "@tillkeeper/contract/http/terminals";
import { recordChange } from "../audit/audit.ts";
import { inTenantWithLiveGrant, type LiveCaller } from "../auth/live-grant.ts";
import type { Db, Tx } from "../db/db.ts";
import { inTenant } from "../db/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import type { PowerfulCaller } from "../platform/http/route.ts";
import { newId } from "../platform/ids.ts";
import { documentedTime } from "../platform/timestamps.ts";
import { virtualTerminal } from "./credentials.ts";
import type { DeletionDeps } from "./deletion.ts";
import { moveTerminals } from "./life-cycle.ts";
import { findLiveClaim, type LiveClaim, mayHaveBegun } from "./live-claim.ts";
import { modelOfSerial } from "./models.ts";
import { addPairingCode, type PairingCodeDeps } from "./pairing/codes.ts";
import { lockOpenCode } from "./pairing/queries.ts";
import { presentTerminal, terminalNotFound } from "./present.ts";
import { findTerminal, listFormerDevices, lockTerminal, type TerminalRow } from "./queries.ts";
import { endCredential } from "./replace-credential.ts";
import { isSerialTaken, sameSerial, serialNumberTaken } from "./serials.ts";
import { isSimulated } from "./terminals.ts";

export interface FormerDeviceDeps {
  /** Forgets what the device said of itself as it is now: what it runs, and what is wrong with it. */
  forgetDevice: (tx: Tx, terminal: { accountId: string; terminalId: string }) => Promise<void>;
  /** The refusal while the device may be carrying something out. */
  operationPending: (live: LiveClaim) => ApiError;
}

type SwapDeps = PairingCodeDeps &
  FormerDeviceDeps &
  Pick<DeletionDeps, "isConnected" | "cancelUndelivered" | "credentialReplaced">;

/**
 * Puts another device in the place of a terminal's: whoever was it is locked out at once, and the new one has to pair.
 * Throws `terminal_not_found`, `virtual_terminal`, `device_unchanged`, `serial_number_taken`, `simulated_not_allowed`, and
 * `operation_pending` while the old device may be carrying something out.
 */
export async function replaceDevice(
  deps: SwapDeps,
  caller: PowerfulCaller,
  terminalId: string,
  input: DeviceReplacement,
): Promise<TerminalWithPairing> {
  const { terminal, pairing, former } = await inTenantWithLiveGrant(deps.db, caller, (tx, live) =>
    swap(tx, deps, live, { terminalId, input }),
  ).catch((error: unknown) => {
    throw isSerialTaken(error) ? serialNumberTaken() : error;
  });
  if (former !== undefined) deps.credentialReplaced(former);
  return { ...terminal, pairing };
}

interface Swap {
  terminalId: string;
  input: DeviceReplacement;
}

async function swap(
  tx: Tx,
  deps: SwapDeps,
  caller: LiveCaller,
  { terminalId, input }: Swap,
): Promise<{ terminal: Terminal; pairing: Pairing; former: string | undefined }> {
  const { accountId } = caller;
  const { clock } = deps;
  const { device_serial_number: serialNumber, pairing_reference: reference } = input;
  const row = await lockTerminal(tx, accountId, terminalId);
  if (!row || row.status === "DELETED") throw terminalNotFound();
  if (row.simulated || isSimulated(accountId, serialNumber)) throw virtualTerminal();
  if (sameSerial(row.device_serial_number, serialNumber)) throw unchanged();
  await endLiveOperation(tx, deps, caller, terminalId);
  // Before the account's log, as whoever counts wrong tries does: each could wait for the other.
  await lockOpenCode(tx, { accountId, terminalId });
  const former = await endCredential(tx, clock, { accountId, terminalId });
  await keepFormerDevice(tx, clock, row, caller.clientId);
  await deps.forgetDevice(tx, { accountId, terminalId });
  await tx
    .updateTable("terminals")
    .set({
      device_serial_number: serialNumber,
      device_model: input.device_model ?? modelOfSerial(serialNumber),
      updated_at: clock.now(),
    })
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .execute();
  await moveTerminals(tx, clock, "device_replaced", { accountId, terminalId });
  const terminal = presentTerminal((await findTerminal(tx, accountId, terminalId)) as TerminalRow);
  await recordChange(tx, clock, caller, {
    action: "terminal.replace_device",
    subject: { type: "terminal", id: terminalId },
    before: presentTerminal(row),
    after: terminal,
  });
  const pairing = await addPairingCode(tx, deps, caller, { terminalId, serialNumber, reference });
  return { terminal, pairing, former };
}

/** What the old device cannot have begun, it never will. */
async function endLiveOperation(tx: Tx, deps: SwapDeps, caller: LiveCaller, terminalId: string): Promise<void> {
  const { accountId } = caller;
  const live = await findLiveClaim(tx, accountId, terminalId);
  if (!live) return;
  const sentToWhoListens = live.attempts > 0 && (await deps.isConnected(tx, { accountId, terminalId }));
  if (sentToWhoListens || mayHaveBegun(live)) throw deps.operationPending(live);
  await deps.cancelUndelivered(tx, { accountId, id: live.operation_id, by: caller.clientId });
}

function unchanged(): ApiError {
  return new ApiError("device_unchanged", "The terminal is this device already.", {
    errors: [{ path: "/body/device_serial_number", message: "is the terminal's own" }],
  });
}

async function keepFormerDevice(tx: Tx, clock: Clock, row: TerminalRow, replacedBy: string): Promise<void> {
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
