import { Type } from "typebox";
import type { OperationReason } from "./operation-reasons.ts";
import type { EndOfDayResult, OperationName } from "./operations.ts";
import type { TerminalStatus } from "./terminal-status.ts";

/**
 * What to do after an operation that did not do it, or that was not accepted (D40). Each step says whether the same
 * operation may be sent again by a program, and in one sentence what a person does. A close that is sent again never
 * closes a batch twice: its command names the last close, and the terminal compares (D27).
 */
export const nextSteps = {
  send_again: { retryable: true, text: "Send it again, if it is still wanted." },
  send_again_after_payment: {
    retryable: true,
    text: "A payment was going on at the terminal. Send it again when the payment is over, or with `when_busy` set to `wait`.",
  },
  send_again_later: {
    retryable: true,
    text: "The terminal could not reach what it needs for this: its payment host, or the server that has the files. Check its network, and send it again in a few minutes.",
  },
  send_again_unsure: {
    retryable: true,
    text: "The terminal did not answer in time, so nobody knows yet whether the day is closed. Send it again: what is closed already is not closed twice.",
  },
  switch_on: {
    retryable: true,
    text: "The terminal did not take the command. See that it is switched on and has a network, then send it again.",
  },
  ask_at_terminal: {
    retryable: true,
    text: "Somebody at the terminal stopped it. Ask there, then send it again.",
  },
  read_last_close: {
    retryable: true,
    text: "The terminal was closed in another way meanwhile. Look at that close in the list of operations; send it again only if there was trade since.",
  },
  look_at_terminal: {
    retryable: false,
    text: "The terminal could not do it or would not, or its answer could not be read; `error` may say more. Look at the terminal, and send it again when it works.",
  },
  check_the_close: {
    retryable: false,
    text: "The day may be closed or not. Look at the terminal's last report; send it again only if the day is open there.",
  },
  day_still_open: {
    retryable: true,
    text: "The payment host declined the close, so the day is still open at the terminal. Send it again.",
  },
  update_terminal: {
    retryable: false,
    text: "The terminal's program cannot do this. Do it at the terminal, or update its program.",
  },
  fetch_configuration: {
    retryable: true,
    text: "The terminal has no configuration yet. Send `check_update` first; when it is COMPLETED, send this again.",
  },
  pair_terminal: {
    retryable: false,
    text: "No device has paired as this terminal yet. Enter its pairing code at the device first.",
  },
  wait_until_free: {
    retryable: true,
    text: "The terminal is busy with another operation. Wait as long as `Retry-After` says, then send this again.",
  },
  nothing: {
    retryable: false,
    text: "The terminal has done it after all; see `late_result`. There is nothing left to do.",
  },
} as const satisfies Record<string, { retryable: boolean; text: string }>;
export type NextStep = keyof typeof nextSteps;
const names = Object.keys(nextSteps) as NextStep[];

/** By reason: the step after an operation of any kind, but for the exceptions of a close in `afterClose`. */
const afterReason = {
  unreachable: "switch_on",
  not_delivered: "switch_on",
  no_answer: "send_again",
  invalid_result: "look_at_terminal",
  busy_payment: "send_again_after_payment",
  refused: "look_at_terminal",
  unsupported: "update_terminal",
  user_aborted: "ask_at_terminal",
  device_error: "look_at_terminal",
  host_unreachable: "send_again_later",
  cancelled: "send_again",
  expired: "send_again",
  // Only a close compares; what else says so has a fault.
  out_of_step: "look_at_terminal",
  storage_failed: "look_at_terminal",
} as const satisfies Record<OperationReason, NextStep>;

/** A close that reached the terminal may have closed the day, also without an answer. */
const afterClose: Partial<Record<OperationReason, NextStep>> = {
  not_delivered: "send_again_unsure",
  no_answer: "send_again_unsure",
  invalid_result: "check_the_close",
  out_of_step: "read_last_close",
  // It may have closed the day, and had no room to say so (rule 14 of the device protocol).
  storage_failed: "check_the_close",
};

/** The step after an operation that ended FAILED or TIMEOUT with this reason; `unknownEnd`: whether it was completed is unknown. */
export function stepAfter(operation: OperationName, reason: OperationReason, unknownEnd = false): NextStep {
  if (operation === "end_of_day" && unknownEnd) return "check_the_close";
  return (operation === "end_of_day" ? afterClose[reason] : undefined) ?? afterReason[reason];
}

/** What a terminal answered after the end of its operation, as `late_result` shows it. */
interface LateAnswer {
  status: "COMPLETED" | "FAILED";
  result?: unknown;
  reason?: OperationReason;
  unknown_end?: boolean;
}

/** The step after an operation whose terminal has answered late. */
export function stepAfterLate(operation: OperationName, late: LateAnswer): NextStep {
  const { status, result, reason, unknown_end: unknownEnd } = late;
  if (status === "FAILED") return stepAfter(operation, reason ?? "device_error", unknownEnd);
  const { outcome, opened } = (result ?? {}) as { outcome?: EndOfDayResult["outcome"]; opened?: boolean };
  if (operation === "open_menu" && opened === false) return "send_again";
  if (operation !== "end_of_day") return "nothing";
  if (outcome === "declined") return "day_still_open";
  // Closed at the terminal, which does not know what its payment host made of it.
  return outcome === "unconfirmed" ? "check_the_close" : "nothing";
}

/** By status of the terminal: the step after an operation that such a terminal does not accept (D18). */
const stepsByStatus = {
  PENDING: "pair_terminal",
  ACTION_REQUIRED: "fetch_configuration",
} as const satisfies Partial<Record<TerminalStatus, NextStep>>;

/** The step after an operation that a terminal in this status does not accept; undefined for a status that accepts all. */
export function stepForStatus(status: TerminalStatus): NextStep | undefined {
  return (stepsByStatus as Partial<Record<TerminalStatus, NextStep>>)[status];
}

/** The fields that tell what to do next. */
export const NextStepFields = {
  retryable: Type.Optional(
    Type.Boolean({
      description: "With FAILED and TIMEOUT: whether a program may send the same operation again, as `next_step` says.",
    }),
  ),
  next_step: Type.Optional(Type.Enum(names, { description: "With FAILED and TIMEOUT: what to do about it." })),
  next_step_text: Type.Optional(Type.String({ description: "The same as a sentence for a person." })),
};

/** The three fields for a step. */
export function showStep(step: NextStep): { retryable: boolean; next_step: NextStep; next_step_text: string } {
  const { retryable, text } = nextSteps[step];
  return { retryable, next_step: step, next_step_text: text };
}
