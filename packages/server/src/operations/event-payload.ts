import type { OperationCause } from "@tillkeeper/contract/events";
import type { Operation } from "@tillkeeper/contract/http/operations";
import type { Tx } from "../db/db.ts";
import { presentAccepted, presentOperation } from "./present.ts";
import { findOperations, type OperationRow } from "./queries.ts";

interface OperationEvent {
  subject: string;
  cause: OperationCause;
  at: Date;
  actor: string;
}

/**
 * The operations of events of one account, each as it was when its event was written: what came later is left out. The row keeps
 * all of it, because an operation is accepted once, ends once, and is answered late once. Undefined: it is past its retention.
 */
export async function presentOperationEvents(
  tx: Tx,
  accountId: string,
  events: readonly OperationEvent[],
): Promise<(Operation | undefined)[]> {
  if (events.length === 0) return [];
  const ids = [...new Set(events.map(({ subject }) => subject))];
  const rows = new Map((await findOperations(tx, accountId, ids)).map((row) => [row.id, row]));
  return events.map((event) => {
    const row = rows.get(event.subject);
    return row && asItWas(row, event);
  });
}

function asItWas(row: OperationRow, { cause, at, actor }: OperationEvent): Operation {
  if (cause === "accepted") return presentAccepted(row);
  const isLater = cause === "ended" && row.late_result !== null;
  return presentOperation(isLater ? { ...row, late_result: null, updated_at: at, updated_by: actor } : row);
}
