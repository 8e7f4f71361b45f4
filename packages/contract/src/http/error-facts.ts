import { type Static, Type } from "typebox";
import type { CaseStatus } from "../case-status.ts";
import type { NextStep } from "../next-steps.ts";
import { OperationName, OperationPhase } from "../operations.ts";
import { Time, Uuid } from "../scalars.ts";
import type { TerminalStatus, TerminalStatusReason } from "../terminal-status.ts";

/** The pending operation that a 409 names (D14). */
export const OperationBlocker = Type.Object({
  id: Uuid,
  operation: OperationName,
  created_by: Type.String(),
  deadline: Time,
  phase: OperationPhase,
  expected_end: Type.String({
    format: "date-time",
    description:
      "When it is expected to end: its deadline, or sooner, by the time that earlier operations took. `Retry-After` counts to it.",
  }),
});
export type OperationBlocker = Static<typeof OperationBlocker>;

/** What a place in `errors` can tell beside path and message, by the name of the field. */
export interface ErrorFacts {
  /** `operation_pending`: what the terminal is busy with. */
  blocker?: OperationBlocker;
  /** `activation_running`: the activation that has to end first. */
  running?: { id: string; created_by: string; attempt: number };
  /** `operation_unsupported`: what the terminal's device can do. */
  supported?: readonly OperationName[];
  /** `operation_not_allowed`: what a terminal in its status accepts. */
  accepted?: readonly OperationName[];
  /** Of every refusal of an operation because of its terminal: what to do about it. */
  retryable?: boolean;
  next_step?: NextStep;
  next_step_text?: string;
  /** `case_status_not_allowed`: the move that was asked for, and those that there are. */
  from?: CaseStatus;
  to?: CaseStatus;
  allowed?: readonly CaseStatus[];
  /** `TERMINAL_NOT_RETRYABLE`: the terminal as it is, and from when on a sync may start it anew. */
  terminal_status?: TerminalStatus;
  terminal_status_reason?: TerminalStatusReason;
  retryable_at?: string;
  /** `release_key_exists`: the key that is there. */
  key_id?: string;
  /** Where in the text of the body the place is, counted from 1: a syntax error, or a name that occurs again. */
  line?: number;
  column?: number;
}
