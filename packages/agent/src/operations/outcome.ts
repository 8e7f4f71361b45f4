import { messages } from "@tillkeeper/contract/mqtt/messages";
import { operationKinds, operationNames } from "@tillkeeper/contract/operations";
import { type Static, Type } from "typebox";
import { Compile, type Validator } from "typebox/compile";
import { fitsPacket } from "../talk/wire.ts";
import type { Completed, Failed } from "./operation.ts";

/** How an operation ended, as a handler answers it. */
export type Outcome<State = unknown> = Completed<unknown, State> | Failed;

/**
 * A result message as the agent makes it. Unlike the contract's, it may name an operation that only a newer server
 * knows: such an operation is answered, too, as `unsupported`.
 */
export const ReportedResult = Type.Object({
  ...messages.result.properties,
  operation: Type.String({ minLength: 1, maxLength: 64 }),
});
export type ReportedResult = Static<typeof ReportedResult>;

const resultMessage = Compile(ReportedResult);
// Checks the facts only: the server leaves out impossible figures.
const factsOf = new Map<string, Validator>(operationNames.map((name) => [name, Compile(operationKinds[name].facts)]));

/** Returns FAILED with reason `device_error`; the message is cut to the contract's 500 characters. */
export function deviceError(code: string, message: string): Failed {
  return { status: "FAILED", reason: "device_error", error: { code, message: message.slice(0, 500) } };
}

/** Returns the outcome for an error that a handler threw. */
export function thrown(cause: unknown): Failed {
  return deviceError("handler_failed", cause instanceof Error ? cause.message : String(cause));
}

/** The operation that a result is about; `started_at` is there exactly when it was begun. */
export type Reported = Pick<ReportedResult, "operation_id" | "operation" | "started_at" | "origin">;

/**
 * Returns the message that reports `outcome`. An outcome that does not fit the contract is a fault in the handler: it
 * is reported as `invalid_result`, because the server would refuse it. A close that may have closed the batch is then
 * marked `unknown_end`.
 */
export function resultFor(
  { operation_id, operation, started_at, origin }: Reported,
  outcome: Outcome,
  finishedAt: string,
): ReportedResult {
  const when = { ...(started_at !== undefined && { started_at }), finished_at: finishedAt };
  const head = { operation_id, operation, ...when, ...(origin && { origin }) };
  const message =
    outcome.status === "COMPLETED"
      ? { ...head, status: outcome.status, result: outcome.result }
      : { ...head, status: outcome.status, ...failureOf(outcome) };
  const problem = problemOf(operation, message);
  if (!problem) return message;
  const invalid = deviceError("invalid_result", problem);
  return { ...head, ...(outcome.status === "COMPLETED" ? withUnknownEnd(operation, invalid) : invalid) };
}

function failureOf({ reason, error, unknown_end }: Failed): Pick<ReportedResult, "reason" | "error" | "unknown_end"> {
  return { reason, ...(error && { error }), ...(unknown_end && { unknown_end }) };
}

/**
 * Marks the failure of a begun close with `unknown_end`: it may have closed the batch, and the next close has to know
 * of it.
 */
export function withUnknownEnd(operation: string, failed: Failed): Failed {
  return operation === "end_of_day" ? { ...failed, unknown_end: true } : failed;
}

function problemOf(operation: string, message: ReportedResult): string | undefined {
  const inResult = message.status === "COMPLETED" ? (factsOf.get(operation)?.Errors(message.result) ?? []) : [];
  const [first] = [...resultMessage.Errors(message), ...inResult];
  if (first) return `The handler's result ${first.instancePath} ${first.message}`.slice(0, 500);
  return fitsPacket(message) ? undefined : "The handler's result is too large for one message";
}
