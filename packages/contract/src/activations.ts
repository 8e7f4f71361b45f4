import { Type } from "typebox";

/** The states of an activation: the task that brings a freshly registered terminal into use (D11). */
export const activationStatuses = ["RUNNING", "SUCCEEDED", "EXHAUSTED"] as const;
export const ActivationStatus = Type.Enum(activationStatuses, {
  description:
    "RUNNING: the device is being asked. SUCCEEDED: it answered, the terminal is activated. " +
    "EXHAUSTED: no answer in the allowed number of tries.",
});
export type ActivationStatus = (typeof activationStatuses)[number];

/** Which states an activation may move to. A state without moves is final. */
export const activationMoves = {
  RUNNING: ["SUCCEEDED", "EXHAUSTED"],
  SUCCEEDED: [],
  EXHAUSTED: [],
} as const satisfies Record<ActivationStatus, readonly ActivationStatus[]>;
