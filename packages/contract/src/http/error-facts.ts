import type { CaseStatus } from "../case-status.ts";
import type { OperationName } from "../operations.ts";
import type { Activation } from "./activations.ts";
import type { OperationBlocker } from "./operations.ts";

/** What a place in `errors` can tell beside path and message, by the name of the field. */
export interface ErrorFacts {
  /** `operation_pending`: what the terminal is busy with. */
  blocker?: OperationBlocker;
  /** `activation_running`: the activation that has to end first. */
  running?: Pick<Activation, "id" | "created_by" | "attempt">;
  /** `operation_unsupported`: what the terminal's device can do. */
  supported?: readonly OperationName[];
  /** `case_status_not_allowed`: the move that was asked for, and those that there are. */
  from?: CaseStatus;
  to?: CaseStatus;
  allowed?: readonly CaseStatus[];
  /** `release_key_exists`: the key that is there. */
  key_id?: string;
}
