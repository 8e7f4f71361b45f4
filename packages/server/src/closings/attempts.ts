import type { AttemptRefusal } from "@tillkeeper/contract/closings/facts";
import type { ErrorCode } from "@tillkeeper/contract/http/errors";
import type { Accept } from "../operations/accept.ts";
import { CloseMoved } from "../operations/close-moved.ts";
import { ApiError } from "../platform/errors.ts";
import type { ClosingRow } from "./queries.ts";
import type { AttemptOutcome } from "./sql/advance.ts";

/** An attempt that was written down, and is to be sent. */
export interface Attempt {
  closing: ClosingRow;
  terminalId: string;
  n: number;
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
  { closing, terminalId, n, key: idempotencyKey, expectedClose }: Attempt,
): Promise<AttemptOutcome | undefined> {
  const outcome = (operationId: string | null, refused: AttemptRefusal | null): AttemptOutcome => {
    return { accountId: closing.account_id, id: closing.id, terminalId, n, operationId, refused };
  };
  try {
    const { operation } = await accept({
      accountId: closing.account_id,
      clientId: closing.asked_by,
      idempotencyKey,
      expectedClose,
      body: {
        terminal_id: terminalId,
        operation: "end_of_day",
        ...(closing.when_busy !== null && { when_busy: closing.when_busy }),
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
