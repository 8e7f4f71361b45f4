import type { Operation } from "@tillkeeper/contract/http/operations";
import type { Db, Tx } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import { ApiError } from "../platform/errors.ts";
import type { Caller } from "../platform/http/route.ts";
import { type ExpiryDeps, expireDue } from "./expiry.ts";
import { presentOperation } from "./present.ts";
import { commandOf, findOperation, lockOperation, type OperationRow } from "./queries.ts";
import { type Cancel, type Cancelled, cancelLive } from "./sql/cancel.ts";
import type { Command } from "./sql/claim-messages.ts";
import type { EndedOperation } from "./watch.ts";

export interface CancelDeps extends ExpiryDeps {
  db: Db;
  /** Sends the cancel to a terminal connected to this server. Called after the commit. Must not throw. */
  announceCancel: (command: Command) => void;
}

interface CancelRequest extends Pick<Caller, "accountId" | "clientId" | "requestId" | "expects"> {
  operationId: string;
}

/**
 * Milliseconds until the outbox sends the cancel, if the terminal is connected to another server or has not answered.
 */
const askAgainAfterMs = 1_000;

/**
 * Cancels an operation (docs/adr/0010). `ended` is true if the operation is FAILED with `cancelled`, now or since
 * before; otherwise its terminal is being asked. Throws `operation_not_found`, `operation_ended`.
 */
export async function cancelOperation(
  deps: CancelDeps,
  { accountId, clientId, requestId, operationId: id, expects }: CancelRequest,
): Promise<{ operation: Operation; ended: boolean }> {
  const { db, clock, watch } = deps;
  const at = clock.now();
  const cancel = { accountId, id, by: clientId, at, requestId };
  const { cancelled, row } = await inTenant(db, accountId, async (tx) => {
    if (expects?.any) expects.check(presentOperation(existing(await lockOperation(tx, accountId, id))));
    return {
      cancelled: await cancelLive(tx, cancel, new Date(at.getTime() + askAgainAfterMs)),
      row: existing(await findOperation(tx, accountId, id)),
    };
  });
  if (!cancelled) return { operation: presentOperation(await cancelledBefore(deps, row)), ended: true };
  if (cancelled.ended) watch.ended(endedBy(cancel, cancelled));
  const { address, previousClose, request, traceparent } = cancelled;
  if (address !== null) deps.announceCancel({ ...commandOf(row, address), previousClose, request, traceparent });
  return { operation: presentOperation(row), ended: cancelled.ended };
}

function existing(row: OperationRow | undefined): OperationRow {
  if (row) return row;
  throw new ApiError("operation_not_found", "There is no such operation.");
}

/**
 * Ends an operation that cannot have begun, in the transaction that takes its terminal away. After the commit the watch is to be
 * told of the operation that it answers.
 */
export async function cancelUndelivered(tx: Tx, cancel: Cancel): Promise<EndedOperation | undefined> {
  const cancelled = await cancelLive(tx, cancel, cancel.at);
  return cancelled?.ended ? endedBy(cancel, cancelled) : undefined;
}

function endedBy(
  { accountId, id: operationId, requestId }: Cancel,
  { terminalId, operation, traceparent }: Cancelled,
): EndedOperation {
  const end = { status: "FAILED", reason: "cancelled" } as const;
  return { accountId, operationId, terminalId, operation, ...end, requestId, traceparent };
}

/** Cancelling twice is no error; an operation that ended in another way cannot be cancelled. */
async function cancelledBefore(deps: CancelDeps, row: OperationRow): Promise<OperationRow> {
  if (row.status === "FAILED" && row.reason === "cancelled") return row;
  // The deadline has passed, and the expiry worker has not reached it yet.
  if (row.status === "PENDING") await expireDue(deps, deps.db.pool, deps.clock.now(), 1_000);
  throw new ApiError(
    "operation_ended",
    `The operation has ended as ${row.status === "PENDING" ? "TIMEOUT" : row.status}.`,
  );
}
