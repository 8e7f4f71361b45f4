import { Type } from "typebox";
import type { OperationPhase } from "./operations.ts";

/** The reasons with which a terminal reports FAILED. */
export const deviceReasons = [
  "busy_payment",
  "refused",
  "unsupported",
  "user_aborted",
  "device_error",
  "host_unreachable",
  "cancelled",
  "expired",
  "out_of_step",
  "storage_failed",
] as const;
export const DeviceReason = Type.Enum(deviceReasons, { description: "With FAILED always, with COMPLETED never: why." });
export type DeviceReason = (typeof deviceReasons)[number];
/** What each reason means; the documents of the protocol print it for authors of agents. */
export const deviceReasonMeanings = {
  busy_payment: "a payment is going on, or did not end within the window",
  refused: "the terminal will not do it now",
  unsupported: "this agent does not know the operation, one of its parameters, or its `when_busy`",
  user_aborted: "a person at the terminal stopped it",
  device_error: "something broke; say what in `error`",
  host_unreachable: "the payment host, or a server that has a file, could not be reached",
  cancelled: "it was cancelled, and not begun or broken off",
  expired: "the command came too late, and was not begun",
  out_of_step: "of an `end_of_day`: the last close in the log is not `previous_close`",
  storage_failed: "the device has no room to store the operation or its result",
} as const satisfies Record<DeviceReason, string>;

/**
 * Why an operation ended as FAILED or TIMEOUT (D17): a closed list, so that programs can branch on it. The first four are
 * the server's own.
 */
export const operationReasons = [
  "unreachable",
  "not_delivered",
  "no_answer",
  "invalid_result",
  ...deviceReasons,
] as const;
export const OperationReason = Type.Enum(operationReasons, {
  description:
    "Why the operation FAILED or timed out. `invalid_result`: the terminal answered, and `error` names what of it could not be read.",
});
export type OperationReason = (typeof operationReasons)[number];

/** The reason of a TIMEOUT, by the phase that the operation had reached. */
export const timeoutReasons = {
  accepted: "unreachable",
  dispatched: "not_delivered",
  delivered: "no_answer",
  started: "no_answer",
} as const satisfies Record<Exclude<OperationPhase, "answered">, OperationReason>;
