import type { AttemptRefusal } from "@tillkeeper/contract/closings/facts";
import type { ErrorCode } from "@tillkeeper/contract/http/errors";
import type { WhenBusy } from "@tillkeeper/contract/operations";
import type { Db } from "../../db/db.ts";
import { retried } from "../../db/retry.ts";
import type { Accept } from "../../operations/accept.ts";
import { CloseMoved } from "../../operations/close-moved.ts";
import { ApiError } from "../../platform/errors.ts";
import type { ClosingKey } from "../queries.ts";
import { type AttemptOutcome, noteOutcomes } from "../sql/advance.ts";

/** An attempt that was written down, and is to be sent. */
export interface Attempt extends ClosingKey {
  terminalId: string;
  n: number;
  /** Who asked when it was written down, and how: a repetition of the attempt is the same request. */
  askedBy: string;
  whenBusy: WhenBusy | null;
  /** Its idempotency key. */
  key: string;
  /** The last close that was known. */
  expectedClose: string | null;
}

/** Refusals that end an attempt. After the others it is sent again later, under the same key. */
const refusals: Partial<Record<ErrorCode, AttemptRefusal>> = {
  operation_not_allowed: "not_allowed",
  operation_unsupported: "unsupported",
  terminal_not_found: "gone",
};

/** An operation of a closing that was cancelled, and by whom. */
export interface OperationToCancel {
  accountId: string;
  operationId: string;
  by: string;
}

/** What sending attempts needs. */
export interface SendDeps {
  db: Db;
  accept: Accept;
  /** Cancels an operation, unless it has ended. */
  cancel: (operation: OperationToCancel) => Promise<void>;
}

/**
 * Sends attempts that are written down, and notes what came of them; what belongs to a closing that was cancelled meanwhile is
 * cancelled. Answers those that are operations now, and were accepted by this call.
 */
export async function sendAttempts({ db, accept, cancel }: SendDeps, attempts: readonly Attempt[]): Promise<Sent[]> {
  const settled = await Promise.allSettled(attempts.map((attempt) => sendAttempt(accept, attempt)));
  const sent = settled.flatMap((one) => (one.status === "fulfilled" && one.value ? [one.value] : []));
  const cancelled = await retried(() => noteOutcomes(db.pool, sent));
  await Promise.all(cancelled.map((operation) => cancel(operation)));
  // The accepted operations are noted before the failure of another one is told.
  const failure = settled.find(({ status }) => status === "rejected");
  if (failure?.status === "rejected") throw failure.reason;
  const gone = new Set(cancelled.map(({ operationId }) => operationId));
  return sent.flatMap((one) => {
    const { operationId } = one;
    return operationId === null || one.replayed || gone.has(operationId) ? [] : [{ ...one, operationId }];
  });
}

/** An attempt of which an operation came. */
export type Sent = AttemptOutcome & { operationId: string };

/** Asks for the operation of an attempt. Answers undefined if nothing came of it yet. */
async function sendAttempt(
  accept: Accept,
  { accountId, id, terminalId, n, askedBy: clientId, whenBusy, key: idempotencyKey, expectedClose }: Attempt,
): Promise<(AttemptOutcome & { replayed: boolean }) | undefined> {
  const outcome = (operationId: string | null, refused: AttemptRefusal | null, replayed = false) => {
    return { accountId, id, terminalId, n, operationId, refused, replayed };
  };
  try {
    const { operation, replayed } = await accept({
      accountId,
      clientId,
      idempotencyKey,
      expectedClose,
      body: {
        terminal_id: terminalId,
        operation: "end_of_day",
        ...(whenBusy !== null && { when_busy: whenBusy }),
      },
    });
    return outcome(operation.id, null, replayed);
  } catch (error) {
    if (error instanceof CloseMoved) return outcome(null, "close_moved");
    if (!(error instanceof ApiError)) throw error;
    const refused = refusals[error.code];
    return refused && outcome(null, refused);
  }
}
