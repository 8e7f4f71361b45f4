import type { Operation } from "@tillkeeper/contract/http/operations";
import type { Db, Tx } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import type { Caller } from "../platform/http/route.ts";
import { presentOperation } from "./present.ts";
import { commandOf, findOperation, lockOperation, type OperationRow } from "./queries.ts";
import { type Cancel, cancelLive } from "./sql/cancel.ts";
import type { Command } from "./sql/claim-messages.ts";
import { expireOperations } from "./sql/expire.ts";

export interface CancelDeps {
  db: Db;
  clock: Clock;
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
  const { db, clock } = deps;
  const at = clock.now();
  const { cancelled, row } = await inTenant(db, accountId, async (tx) => {
    if (expects?.any) expects.check(presentOperation(existing(await lockOperation(tx, accountId, id))));
    return {
      cancelled: await cancelLive(
        tx,
        { accountId, id, by: clientId, at, requestId },
        new Date(at.getTime() + askAgainAfterMs),
      ),
      row: existing(await findOperation(tx, accountId, id)),
    };
  });
  if (!cancelled) return { operation: presentOperation(await cancelledBefore(deps, row)), ended: true };
  const { address, previousClose, request } = cancelled;
  if (address !== null) deps.announceCancel({ ...commandOf(row, address), previousClose, request });
  return { operation: presentOperation(row), ended: cancelled.ended };
}

function existing(row: OperationRow | undefined): OperationRow {
  if (row) return row;
  throw new ApiError("operation_not_found", "There is no such operation.");
}

/** Ends an operation that cannot have begun, in the transaction that takes its terminal away. */
export async function cancelUndelivered(tx: Tx, cancel: Cancel): Promise<void> {
  await cancelLive(tx, cancel, cancel.at);
}

/** Cancelling twice is no error; an operation that ended in another way cannot be cancelled. */
async function cancelledBefore({ db, clock }: CancelDeps, row: OperationRow): Promise<OperationRow> {
  if (row.status === "FAILED" && row.reason === "cancelled") return row;
  // The deadline has passed, and the expiry worker has not reached it yet.
  if (row.status === "PENDING") await expireOperations(db.pool, clock.now(), 1_000);
  throw new ApiError(
    "operation_ended",
    `The operation has ended as ${row.status === "PENDING" ? "TIMEOUT" : row.status}.`,
  );
}
