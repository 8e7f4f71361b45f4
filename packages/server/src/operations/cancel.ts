import type { Operation } from "@tillkeeper/contract/http/operations";
import type { Db, Tx } from "../db/db.ts";
import { inTenant } from "../db/walls/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { presentOperation } from "./present.ts";
import { commandOf, findOperation, type OperationRow } from "./queries.ts";
import { type Cancel, cancelLive } from "./sql/cancel.ts";
import type { Command } from "./sql/claim-messages.ts";
import { expireOperations } from "./sql/expire.ts";

export interface CancelDeps {
  db: Db;
  clock: Clock;
  /** Tells a terminal of this server not to begin an operation, or to break it off. */
  announceCancel: (command: Command) => void;
}

interface CancelRequest {
  accountId: string;
  clientId: string;
  operationId: string;
}

/** How soon the outbox asks the terminal again, or first, should it be connected to another server. */
const askAgainAfterMs = 1_000;

/**
 * Cancels an operation (docs/adr/0010). `ended`: it is FAILED, `cancelled`, now or since before; otherwise its terminal is
 * being asked. Throws `operation_not_found`, `operation_ended`.
 */
export async function cancelOperation(
  deps: CancelDeps,
  { accountId, clientId, operationId: id }: CancelRequest,
): Promise<{ operation: Operation; ended: boolean }> {
  const { db, clock } = deps;
  const at = clock.now();
  const { cancelled, row } = await inTenant(db, accountId, async (tx) => ({
    cancelled: await cancelLive(tx, { accountId, id, by: clientId, at }, new Date(at.getTime() + askAgainAfterMs)),
    row: await findOperation(tx, accountId, id),
  }));
  if (!row) throw new ApiError("operation_not_found", "There is no such operation.");
  if (!cancelled) return { operation: presentOperation(await cancelledBefore(deps, row)), ended: true };
  const { address, previousClose, request } = cancelled;
  if (address !== null) deps.announceCancel({ ...commandOf(row, address), previousClose, request });
  return { operation: presentOperation(row), ended: cancelled.ended };
}

/** Ends an operation that cannot have begun, as part of a transaction that takes its terminal away. */
export async function cancelUndelivered(tx: Tx, cancel: Cancel): Promise<void> {
  await cancelLive(tx, cancel, cancel.at);
}

/** To cancel twice is no fault; what ended in another way cannot be cancelled any more. */
async function cancelledBefore({ db, clock }: CancelDeps, row: OperationRow): Promise<OperationRow> {
  if (row.status === "FAILED" && row.reason === "cancelled") return row;
  // Past its deadline, and the worker has not come by yet.
  if (row.status === "PENDING") await expireOperations(db.pool, clock.now(), 1_000);
  throw new ApiError(
    "operation_ended",
    `The operation has ended as ${row.status === "PENDING" ? "TIMEOUT" : row.status}.`,
  );
}
