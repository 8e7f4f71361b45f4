import type { TerminalWithPairing } from "@tillkeeper/contract/http/devices";
import { addingRetryableSeconds } from "@tillkeeper/contract/terminal-status";
import { recordChange } from "../access/audit/audit.ts";
import { inTenantWithLiveGrant } from "../access/auth/live-grant.ts";
import { ApiError } from "../platform/errors.ts";
import { type PowerfulCaller, requireExpected } from "../platform/http/route.ts";
import { documentedTime } from "../platform/timestamps.ts";
import { beginActivation } from "../rollout/activations/activations.ts";
import { presentTerminal, terminalNotFound } from "../terminals/record/present.ts";
import { lockTerminal, type TerminalRow } from "../terminals/record/rows.ts";
import { addPairingCode, type PairingCodeDeps } from "./pairing/codes.ts";

/**
 * Tries again to bring a terminal into use, as the public reference has it. A terminal in ERROR with `SYNC_ERROR` gets a new
 * activation; while that runs, a further sync answers the same and begins nothing. A terminal that has been PENDING with
 * `ADDING` for more than 10 minutes gets a new pairing code, which ends the former one. Throws `terminal_not_found`,
 * `STORE_NOT_ACTIVE`, `TERMINAL_NOT_RETRYABLE`.
 */
export function syncTerminal(
  deps: PairingCodeDeps,
  caller: PowerfulCaller,
  terminalId: string,
): Promise<TerminalWithPairing> {
  const { clock } = deps;
  return inTenantWithLiveGrant(deps.db, caller, async (tx, live) => {
    const row = await lockTerminal(tx, live.accountId, terminalId);
    if (!row || row.status === "DELETED") throw terminalNotFound();
    const terminal = presentTerminal(row);
    requireExpected(live, terminal);
    // A suspension locks the terminals of its store and turns them INACTIVE: the status tells.
    if (row.status === "INACTIVE") throw storeNotActive();
    requireRetryable(row, clock.now());
    const { device_serial_number: serialNumber } = row;
    const pairing =
      row.status === "PENDING"
        ? await addPairingCode(tx, deps, live, { terminalId, serialNumber, reference: undefined })
        : undefined;
    if (!pairing && !(await beginActivation(tx, clock, live, terminalId))) return terminal;
    await recordChange(tx, clock, live, {
      action: "terminal.sync",
      subject: { type: "terminal", id: terminalId },
      after: { status: terminal.status, status_reason: terminal.status_reason },
    });
    return { ...terminal, ...(pairing && { pairing }) };
  });
}

function requireRetryable(row: TerminalRow, now: Date): void {
  const { status, status_reason: reason } = presentTerminal(row);
  if (status === "ERROR" && reason === "SYNC_ERROR") return;
  const retryableAt = new Date(row.pending_since.getTime() + addingRetryableSeconds * 1000);
  const adding = status === "PENDING" && !row.simulated;
  if (adding && now > retryableAt) return;
  throw new ApiError("TERMINAL_NOT_RETRYABLE", "The terminal cannot be synced now.", {
    errors: [
      {
        path: "/path/terminal_id",
        message: adding
          ? `has been ADDING for less than ${addingRetryableSeconds / 60} minutes`
          : "is neither in ERROR with SYNC_ERROR nor PENDING with ADDING",
        terminal_status: status,
        ...(reason !== undefined && { terminal_status_reason: reason }),
        ...(adding && { retryable_at: documentedTime(retryableAt) }),
      },
    ],
  });
}

function storeNotActive(): ApiError {
  return new ApiError("STORE_NOT_ACTIVE", "The terminal's store is suspended.", {
    errors: [{ path: "/path/terminal_id", message: "belongs to a store that is suspended" }],
  });
}
