import type { Terminal } from "@tillkeeper/contract/http/terminals";
import { pairingCodeMoves } from "@tillkeeper/contract/pairing";
import { recordChange } from "../access/audit/audit.ts";
import { inTenantWithLiveGrant, type LiveCaller } from "../access/auth/live-grant.ts";
import type { Db, Tx } from "../db/db.ts";
import type { Accept } from "../operations/accept.ts";
import { cancelUndelivered } from "../operations/cancel.ts";
import { findLiveClaim, mayHaveBegun } from "../operations/live-claim.ts";
import type { EndedOperation, OperationWatch } from "../operations/watch.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { type PowerfulCaller, requireExpected } from "../platform/http/route.ts";
import { endCredentialWith } from "../terminals/credentials/end-later.ts";
import { endCredential } from "../terminals/credentials/replace-credential.ts";
import { markDeleted } from "../terminals/record/life-cycle.ts";
import { presentTerminal, terminalNotFound } from "../terminals/record/present.ts";
import { findTerminal, lockTerminal, type TerminalRow } from "../terminals/record/rows.ts";
import type { TerminalKey } from "../terminals/terminal-keys.ts";
import { endOpenCode } from "./pairing/queries.ts";

export interface DeletionDeps {
  db: Db;
  clock: Clock;
  /** Whether the device is connected, as far as the server can know. */
  isConnected: (tx: Tx, terminal: TerminalKey) => Promise<boolean>;
  accept: Accept;
  watch: OperationWatch;
  /** Called after the commit with the address of an ended credential; ends its connections. */
  credentialReplaced: (address: string) => void;
  virtualTerminalsChanged: () => void;
}

/**
 * Deletes a terminal (D11, docs/adr/0007-deleting-a-terminal.md). A connected terminal is sent an `end_of_day` first,
 * and its credential lives on for that operation alone. Throws `terminal_not_found`, also for a deleted terminal.
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
  // Before the day is closed; compared again once the row is locked.
  requireExpected(caller, presentTerminal(found));
  const closing = connected ? await closeDay(deps, live, terminalId) : undefined;
  const { terminal, ended, cancelled } = await inTenantWithLiveGrant(deps.db, caller, (tx, holder) =>
    remove(tx, deps, holder, { terminalId, connected, closing }),
  );
  if (ended !== undefined) deps.credentialReplaced(ended);
  if (cancelled) deps.watch.ended(cancelled);
  if (found.simulated) deps.virtualTerminalsChanged();
  return terminal;
}

const noClose: ReadonlySet<string> = new Set(["operation_pending", "operation_not_allowed", "operation_unsupported"]);

/**
 * Sends the `end_of_day` and answers its id. Undefined when the terminal is busy, or its status or its device does not
 * allow one.
 */
async function closeDay({ accept }: DeletionDeps, caller: LiveCaller, terminalId: string): Promise<string | undefined> {
  try {
    const body = { terminal_id: terminalId, operation: "end_of_day" } as const;
    const { accountId, clientId } = caller;
    const { operation } = await accept({ accountId, clientId, idempotencyKey: null, body });
    return operation.id;
  } catch (error) {
    if (error instanceof ApiError && noClose.has(error.code)) return undefined;
    throw error;
  }
}

interface Removal {
  terminalId: string;
  connected: boolean;
  /** The id of the `end_of_day` that was sent first. */
  closing: string | undefined;
}

async function remove(
  tx: Tx,
  { clock }: Pick<DeletionDeps, "clock">,
  caller: LiveCaller,
  { terminalId, connected, closing }: Removal,
) {
  const { accountId } = caller;
  const row = await lockTerminal(tx, accountId, terminalId);
  if (!row || row.status === "DELETED") throw terminalNotFound();
  requireExpected(caller, presentTerminal(row));
  await markDeleted(tx, clock, { accountId, terminalId }, caller);
  await endOpenCode(tx, { accountId, terminalId }, clock.realNow(), pairingCodeMoves.terminal_deleted);
  const live = closing === undefined ? await findLiveClaim(tx, accountId, terminalId) : undefined;
  const last = closing ?? (live && (connected || mayHaveBegun(live)) ? live.operation_id : undefined);
  let ended: string | undefined;
  let cancelled: EndedOperation | undefined;
  if (last !== undefined) await endCredentialWith(tx, { accountId, terminalId }, last);
  else {
    ended = await endCredential(tx, clock, { accountId, terminalId });
    if (live)
      cancelled = await cancelUndelivered(tx, {
        accountId,
        id: live.operation_id,
        by: caller.clientId,
        at: clock.now(),
        requestId: caller.requestId,
      });
  }
  const after = presentTerminal((await findTerminal(tx, accountId, terminalId)) as TerminalRow);
  await recordChange(tx, clock, caller, {
    action: "terminal.delete",
    subject: { type: "terminal", id: terminalId },
    before: presentTerminal(row),
    after,
  });
  return { terminal: after, ended, cancelled };
}
