import { showStep } from "../next-steps.ts";
import { deviceReasonMeanings, deviceReasons, timeoutReasons } from "../operation-reasons.ts";
import { type OperationName, operationKinds, operationNames } from "../operations.ts";
import type { Examples } from "./endpoint.ts";

const accepted = {
  id: "3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c",
  terminal_id: "P11223351-T0013",
  operation: "end_of_day",
  status: "PENDING",
  created_at: "2026-06-29T21:00:00Z",
  created_by: "d0b4cbd5-0d0c-4a0f-9a57-4c7f0d8f6a11",
  updated_at: "2026-06-29T21:00:00Z",
  updated_by: "d0b4cbd5-0d0c-4a0f-9a57-4c7f0d8f6a11",
  account_id: "P11223351",
  deadline: "2026-06-29T21:03:00.000Z",
  phase: "accepted",
  phases: { accepted: "2026-06-29T21:00:00.000Z" },
};

const times = {
  accepted: "2026-06-29T21:00:00.000Z",
  dispatched: "2026-06-29T21:00:00.012Z",
  delivered: "2026-06-29T21:00:00.094Z",
  started: "2026-06-29T21:00:00.101Z",
  answered: "2026-06-29T21:00:07.350Z",
};
const answered = {
  updated_at: "2026-06-29T21:00:07Z",
  updated_by: "P11223351-T0013",
  phase: "answered",
  phases: times,
};

const phaseNames = ["accepted", "dispatched", "delivered", "started"] as const;

/** The request body of each kind of operation. */
export const requestExamples: Examples = Object.fromEntries(
  operationNames.map((operation) => [
    operation,
    { summary: `Send ${operation}`, value: { terminal_id: accepted.terminal_id, operation } },
  ]),
);

export const acceptedExamples: Examples = {
  accepted: { summary: "It is stored, and on its way to the terminal", value: accepted },
};

/** An operation on its way, COMPLETED of each kind, FAILED and TIMEOUT for each reason. */
export const operationExamples: Examples = {
  started: {
    summary: "PENDING: the terminal has begun",
    value: { ...accepted, phase: "started", phases: { ...times, answered: undefined } },
  },
  ...Object.fromEntries(operationNames.map((name) => [`completed_${name}`, completed(name)])),
  ...Object.fromEntries(
    deviceReasons.map((reason) => [`failed_${reason}`, failed(reason, deviceReasonMeanings[reason])]),
  ),
  failed_unknown_end: unknownEnd(),
  ...Object.fromEntries(
    Object.entries(timeoutReasons).map(([phase, reason]) => [`timeout_${phase}`, timedOut(phase, reason)]),
  ),
  timeout_invalid_result: unreadable(),
};

function completed(operation: OperationName) {
  const value = { ...accepted, operation, status: "COMPLETED", ...answered, result: operationKinds[operation].example };
  return { summary: `COMPLETED: ${operation}`, value };
}

function failed(reason: string, meaning: string) {
  const value = { ...accepted, status: "FAILED", ...answered, reason, error: { code: reason, message: meaning } };
  return { summary: `FAILED: ${meaning}`, value };
}

function unknownEnd() {
  const { value } = failed("device_error", "The terminal restarted while it carried the operation out");
  const error = { ...value.error, code: "interrupted" };
  return {
    summary: "FAILED: the day may be closed or not",
    value: { ...value, error, unknown_end: true, ...showStep("check_the_close") },
  };
}

function unreadable() {
  const { value } = timedOut("delivered", "invalid_result");
  const error = { code: "invalid_result", message: "/result/batch_id must be string" };
  return { summary: "TIMEOUT: invalid_result (the server could not read the answer)", value: { ...value, error } };
}

function timedOut(phase: string, reason: string) {
  const reached = phaseNames.slice(0, phaseNames.findIndex((name) => name === phase) + 1);
  const value = {
    ...accepted,
    status: "TIMEOUT",
    updated_at: "2026-06-29T21:03:00Z",
    updated_by: "system",
    phase,
    phases: Object.fromEntries(reached.map((name) => [name, times[name]])),
    reason,
  };
  return { summary: `TIMEOUT: ${reason} (the operation had been ${phase})`, value };
}
