import type { DeviceReplacement, Pairing, TerminalWithPairing } from "@tillkeeper/contract/http/devices";
import type { Terminal } from "@tillkeeper/contract/http/terminals";
import { recordChange } from "../access/audit/audit.ts";
import { inTenantWithLiveGrant, type LiveCaller } from "../access/auth/live-grant.ts";
import type { Tx } from "../db/db.ts";
import { cancelUndelivered } from "../operations/cancel.ts";
import type { Durations } from "../operations/durations.ts";
import { findLiveClaim, mayHaveBegun } from "../operations/live-claim.ts";
import { operationPending } from "../operations/pending.ts";
import type { EndedOperation } from "../operations/watch.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { type PowerfulCaller, requireExpected } from "../platform/http/route.ts";
import { endFault, noteDeviceChange } from "../presence/hearing/hear.ts";
import { leaveOpenBatch } from "../presence/telemetry/open-batch.ts";
import { clearReportedVersions, versionFields } from "../rollout/configurations/configurations.ts";
import { endCredential } from "../terminals/credentials/replace-credential.ts";
import { tellTerminal } from "../terminals/record/events.ts";
import { keepFormerDevice } from "../terminals/record/former-devices.ts";
import { modelOfSerial } from "../terminals/record/models.ts";
import { presentTerminal, terminalNotFound } from "../terminals/record/present.ts";
import { findTerminal, lockTerminal, type TerminalRow } from "../terminals/record/rows.ts";
import { isSerialTaken, sameSerial, serialNumberTaken } from "../terminals/record/serials.ts";
import { isSimulated } from "../terminals/record/simulated.ts";
import { setDevice } from "../terminals/record/write.ts";
import type { TerminalKey } from "../terminals/terminal-keys.ts";
import type { DeletionDeps } from "./delete.ts";
import { virtualTerminal } from "./issue-credential.ts";
import { addPairingCode, type PairingCodeDeps } from "./pairing/codes.ts";
import { lockOpenCode } from "./pairing/queries.ts";

/** `durations`: how long operations take, for the expected end of one in the way. */
export type ReplaceDeviceDeps = PairingCodeDeps &
  Pick<DeletionDeps, "isConnected" | "credentialReplaced" | "watch"> & { durations: Durations };

/**
 * Replaces a terminal's device: the former one is locked out at once, and the new one has to pair. Throws
 * `terminal_not_found`, `virtual_terminal`, `device_unchanged`, `serial_number_taken`, `simulated_not_allowed`, and
 * `operation_pending` while the former device may be running an operation.
 */
export async function replaceDevice(
  deps: ReplaceDeviceDeps,
  caller: PowerfulCaller,
  terminalId: string,
  input: DeviceReplacement,
): Promise<TerminalWithPairing> {
  const { terminal, pairing, former, cancelled } = await inTenantWithLiveGrant(deps.db, caller, (tx, live) =>
    swap(tx, deps, live, { terminalId, input }),
  ).catch((error: unknown) => {
    throw isSerialTaken(error) ? serialNumberTaken() : error;
  });
  if (former !== undefined) deps.credentialReplaced(former);
  if (cancelled) deps.watch.ended(cancelled);
  return { ...terminal, pairing };
}

interface Swap {
  terminalId: string;
  input: DeviceReplacement;
}

async function swap(
  tx: Tx,
  deps: ReplaceDeviceDeps,
  caller: LiveCaller,
  { terminalId, input }: Swap,
): Promise<{
  terminal: Terminal;
  pairing: Pairing;
  former: string | undefined;
  cancelled: EndedOperation | undefined;
}> {
  const { accountId } = caller;
  const { clock } = deps;
  const { device_serial_number: serialNumber, pairing_reference: reference } = input;
  const row = await lockTerminal(tx, accountId, terminalId);
  if (!row || row.status === "DELETED") throw terminalNotFound();
  requireExpected(caller, presentTerminal(row));
  if (row.simulated || isSimulated(accountId, serialNumber)) throw virtualTerminal();
  if (sameSerial(row.device_serial_number, serialNumber)) throw unchanged();
  const cancelled = await endLiveOperation(tx, deps, caller, terminalId);
  // Locked before the account's audit log, in the order of the count of wrong tries, so that the two do not deadlock.
  await lockOpenCode(tx, { accountId, terminalId });
  const former = await endCredential(tx, clock, { accountId, terminalId });
  await keepFormerDevice(tx, clock, row, caller.clientId);
  await forgetDevice(tx, clock, { accountId, terminalId });
  const model = input.device_model ?? modelOfSerial(serialNumber);
  await setDevice(tx, clock, { accountId, terminalId }, { serialNumber, model });
  const terminal = presentTerminal((await findTerminal(tx, accountId, terminalId)) as TerminalRow);
  await recordChange(tx, clock, caller, {
    action: "terminal.replace_device",
    subject: { type: "terminal", id: terminalId },
    before: presentTerminal(row),
    after: terminal,
  });
  await tellTerminal(tx, caller, { cause: "terminal.replace_device", terminalId, at: clock.now() });
  const pairing = await addPairingCode(tx, deps, caller, { terminalId, serialNumber, reference });
  return { terminal, pairing, former, cancelled };
}

/**
 * Cancels the live operation if the former device cannot have begun it; it never will. Else throws `operation_pending`.
 */
async function endLiveOperation(
  tx: Tx,
  deps: ReplaceDeviceDeps,
  caller: LiveCaller,
  terminalId: string,
): Promise<EndedOperation | undefined> {
  const { accountId } = caller;
  const live = await findLiveClaim(tx, accountId, terminalId);
  if (!live) return undefined;
  const sentToWhoListens = live.attempts > 0 && (await deps.isConnected(tx, { accountId, terminalId }));
  if (sentToWhoListens || mayHaveBegun(live)) {
    throw operationPending(deps.durations, live, { path: "/path/terminal_id", now: deps.clock.now() });
  }
  return cancelUndelivered(tx, {
    accountId,
    id: live.operation_id,
    by: caller.clientId,
    at: deps.clock.now(),
    requestId: caller.requestId,
  });
}

function unchanged(): ApiError {
  return new ApiError("device_unchanged", "The terminal is this device already.", {
    errors: [{ path: "/body/device_serial_number", message: "is the terminal's own" }],
  });
}

/** Forgets what the former device reported of itself as it is now: its software, its fault, its telemetry. */
async function forgetDevice(tx: Tx, clock: Clock, terminal: TerminalKey): Promise<void> {
  await clearReportedVersions(tx, terminal.accountId, terminal.terminalId, clock.now());
  await endFault(tx, terminal, clock.realNow());
  await leaveOpenBatch(tx, terminal);
  await noteDeviceChange(tx, terminal, clock.now(), versionFields);
}
