import type { Terminal } from "@tillkeeper/contract/http/terminals";
import { pairingCodeMoves } from "@tillkeeper/contract/pairing";
import { recordChange } from "../audit/audit.ts";
import { inTenantWithLiveGrant, type LiveCaller } from "../auth/live-grant.ts";
import type { Db, Tx } from "../db/db.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import type { PowerfulCaller } from "../platform/http/route.ts";
import { markDeleted } from "./life-cycle.ts";
import { findLiveClaim, mayHaveBegun } from "./live-claim.ts";
import { endOpenCode } from "./pairing/queries.ts";
import { presentTerminal, terminalNotFound } from "./present.ts";
import { findTerminal, lockTerminal, type TerminalRow } from "./queries.ts";
import { endCredential } from "./replace-credential.ts";

export interface DeletionDeps {
  db: Db;
  clock: Clock;
  /** Whether the device is connected, as far as the server can know. */
  isConnected: (tx: Tx, terminal: { accountId: string; terminalId: string }) => Promise<boolean>;
  /** Sends the terminal an `end_of_day` in the name of the caller; answers the operation's id. Throws what accepting throws. */
  sendEndOfDay: (caller: LiveCaller, terminalId: string) => Promise<string>;
  /** Ends an operation that cannot have begun, in the name of the caller. */
  cancelUndelivered: (tx: Tx, operation: { accountId: string; id: string; by: string }) => Promise<void>;
  /** Told when a credential ended, so that whoever is connected with it is sent away. */
  credentialReplaced: (address: string) => void;
  virtualTerminalsChanged: () => void;
}

/**
 * Deletes a terminal (D11, docs/adr/0007-deleting-a-terminal.md): a connected one is told to close its day first, and its
 * credential lives on for exactly that operation. Throws `terminal_not_found`, also for one that is deleted already.
 */
export async function deleteTerminal(
  deps: DeletionDeps,
  caller: PowerfulCaller,
  terminalId: string,
): Promise<Terminal> {
  const { accountId } = caller;
  const { found, live, connected } = await inTenantWithLiveGrant(deps.db, caller, async (tx, holder) => ({
    found: await findTerminal(tx, accountId, terminalId),
    live: holder,
    connected: await deps.isConnected(tx, { accountId, terminalId }),
  }));
  if (!found || found.status === "DELETED") throw terminalNotFound();
  const closing = connected ? await closeDay(deps, live, terminalId) : undefined;
  const { terminal, ended } = await inTenantWithLiveGrant(deps.db, caller, (tx, holder) =>
    remove(tx, deps, holder, { terminalId, connected, closing }),
  );
  if (ended !== undefined) deps.credentialReplaced(ended);
  if (found.simulated) deps.virtualTerminalsChanged();
  return terminal;
}

const noClose: ReadonlySet<string> = new Set(["operation_pending", "operation_not_allowed", "operation_unsupported"]);

/** Answers the `end_of_day`, or undefined when the terminal is busy, in a status that does not allow one, or cannot do it. */
async function closeDay(deps: DeletionDeps, caller: LiveCaller, terminalId: string): Promise<string | undefined> {
  try {
    return await deps.sendEndOfDay(caller, terminalId);
  } catch (error) {
    if (error instanceof ApiError && noClose.has(error.code)) return undefined;
    throw error;
  }
}

interface Removal {
  terminalId: string;
  connected: boolean;
  /** The `end_of_day` that was sent first. */
  closing: string | undefined;
}

type RemovalDeps = Pick<DeletionDeps, "clock" | "cancelUndelivered">;

async function remove(
  tx: Tx,
  { clock, cancelUndelivered }: RemovalDeps,
  caller: LiveCaller,
  { terminalId, connected, closing }: Removal,
) {
  const { accountId } = caller;
  const row = await lockTerminal(tx, accountId, terminalId);
  if (!row || row.status === "DELETED") throw terminalNotFound();
  await markDeleted(tx, clock, { accountId, terminalId }, caller.clientId);
  await endOpenCode(tx, { accountId, terminalId }, clock.realNow(), pairingCodeMoves.terminal_deleted);
  const live = closing === undefined ? await findLiveClaim(tx, accountId, terminalId) : undefined;
  const last = closing ?? (live && (connected || mayHaveBegun(live)) ? live.operation_id : undefined);
  let ended: string | undefined;
  if (last !== undefined) await endWith(tx, accountId, terminalId, last);
  else {
    ended = await endCredential(tx, clock, { accountId, terminalId });
    if (live) await cancelUndelivered(tx, { accountId, id: live.operation_id, by: caller.clientId });
  }
  const after = presentTerminal((await findTerminal(tx, accountId, terminalId)) as TerminalRow);
  await recordChange(tx, clock, caller, {
    action: "terminal.delete",
    subject: { type: "terminal", id: terminalId },
    before: presentTerminal(row),
    after,
  });
  return { terminal: after, ended };
}

async function endWith(tx: Tx, accountId: string, terminalId: string, operationId: string): Promise<void> {
  await tx
    .updateTable("terminal_credentials")
    .set({ ends_with: operationId })
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .execute();
}
