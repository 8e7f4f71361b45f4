import { messages } from "@tillkeeper/contract/mqtt";
import { type OperationName, operationNames, operationResults } from "@tillkeeper/contract/operations";
import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";
import type { Completed, Failed } from "./operation.ts";
import { fitsPacket } from "./wire.ts";

export type Outcome<State = unknown> = Completed<unknown, State> | Failed;

/**
 * A result message as the agent makes it. Unlike the contract's, it may name an operation that only a newer server knows:
 * that one is answered too, as `unsupported`.
 */
export const ReportedResult = Type.Object({
  ...messages.result.properties,
  operation: Type.String({ minLength: 1, maxLength: 64 }),
});
export type ReportedResult = Static<typeof ReportedResult>;

const resultMessage = Compile(ReportedResult);
const resultOf = {
  end_of_day: Compile(operationResults.end_of_day),
  send_logs: Compile(operationResults.send_logs),
  check_update: Compile(operationResults.check_update),
  open_menu: Compile(operationResults.open_menu),
} as const satisfies Record<OperationName, unknown>;

/** FAILED with reason `device_error`; the text is cut to what the contract allows. */
export function deviceError(code: string, message: string): Failed {
  return { status: "FAILED", reason: "device_error", error: { code, message: message.slice(0, 500) } };
}

/** What a handler threw, as an outcome. */
export function thrown(cause: unknown): Failed {
  return deviceError("handler_failed", cause instanceof Error ? cause.message : String(cause));
}

/** The operation that a result is about; `started_at` only if it was begun. */
export interface Reported {
  operation_id: string;
  operation: string;
  started_at?: string;
}

/**
 * The message that reports `outcome`. An outcome that does not fit the contract is a fault in the handler's program:
 * it is reported as `invalid_result` instead of being sent for the server to refuse.
 */
export function resultFor(
  { operation_id, operation, started_at }: Reported,
  outcome: Outcome,
  finishedAt: string,
): ReportedResult {
  const head = { operation_id, operation, ...(started_at && { started_at }), finished_at: finishedAt };
  const message =
    outcome.status === "COMPLETED"
      ? { ...head, status: outcome.status, result: outcome.result }
      : { ...head, status: outcome.status, reason: outcome.reason, ...(outcome.error && { error: outcome.error }) };
  const problem = problemOf(operation, message);
  if (!problem) return message;
  return { ...head, status: "FAILED", reason: "device_error", error: { code: "invalid_result", message: problem } };
}

function problemOf(operation: string, message: ReportedResult): string | undefined {
  const name = operationNames.find((known) => known === operation);
  const inResult = name && message.status === "COMPLETED" ? resultOf[name].Errors(message.result) : [];
  const [first] = [...resultMessage.Errors(message), ...inResult];
  if (first) return `The handler's result ${first.instancePath} ${first.message}`.slice(0, 500);
  return fitsPacket(message) ? undefined : "The handler's result is too large for one message";
}
