import type { AttemptRefusal } from "@tillkeeper/contract/closings/facts";
import type { ErrorCode } from "@tillkeeper/contract/http/errors";
import type { WhenBusy } from "@tillkeeper/contract/operations";
import type { Accept } from "../operations/accept.ts";
import { CloseMoved } from "../operations/close-moved.ts";
import { ApiError } from "../platform/errors.ts";
import type { ClosingKey } from "./queries.ts";
import type { AttemptOutcome } from "./sql/advance.ts";

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

/** Asks for the operation of an attempt. Answers undefined if nothing came of it yet. */
export async function sendAttempt(
  accept: Accept,
  { accountId, id, terminalId, n, askedBy: clientId, whenBusy, key: idempotencyKey, expectedClose }: Attempt,
): Promise<AttemptOutcome | undefined> {
  const outcome = (operationId: string | null, refused: AttemptRefusal | null): AttemptOutcome => {
    return { accountId, id, terminalId, n, operationId, refused };
  };
  try {
    const { operation } = await accept({
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
    return outcome(operation.id, null);
  } catch (error) {
    if (error instanceof CloseMoved) return outcome(null, "close_moved");
    if (!(error instanceof ApiError)) throw error;
    const refused = refusals[error.code];
    return refused && outcome(null, refused);
  }
}
