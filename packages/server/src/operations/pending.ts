import type { OperationBlocker } from "@tillkeeper/contract/http/error-facts";
import { showStep } from "@tillkeeper/contract/next-steps";
import { ApiError } from "../platform/errors.ts";
import { preciseTime } from "../platform/timestamps.ts";
import type { Durations } from "./durations.ts";
import { phaseOf } from "./present.ts";
import type { LiveClaim } from "./queries.ts";

/** The refusal of a request because the terminal has a live operation. `path` is where the request names the terminal. */
export function operationPending(
  durations: Durations,
  claim: LiveClaim,
  { path, now }: { path: string; now: Date },
): ApiError {
  const end = expectedEnd(durations, claim, now);
  const blocker: OperationBlocker = {
    id: claim.operation_id,
    operation: claim.operation,
    created_by: claim.client_id,
    deadline: preciseTime(claim.deadline),
    phase: phaseOf({ ...claim, answered_at: null }),
    expected_end: preciseTime(end),
  };
  return new ApiError("operation_pending", `The terminal is busy with ${claim.operation}.`, {
    errors: [{ path, message: "has a pending operation", blocker, ...showStep("wait_until_free") }],
    retryAfterSeconds: (end.getTime() - now.getTime()) / 1000,
  });
}

/** The deadline of the operation, or sooner by how long such operations have taken (D14). */
function expectedEnd(durations: Durations, claim: LiveClaim, now: Date): Date {
  const begun = claim.created_at.getTime();
  const expected = durations.expectedMs(claim.operation, claim.device_model, now.getTime() - begun);
  return expected === undefined ? claim.deadline : new Date(Math.min(claim.deadline.getTime(), begun + expected));
}
