import { Type } from "typebox";
import { type NextStep, nextSteps } from "../next-steps.ts";
import { operationReasons } from "../operation-reasons.ts";

/** The states of a terminal in a closing (D31). */
export const closingTerminalStates = [
  "closed",
  "already_closed",
  "waiting",
  "failed",
  "unknown",
  "not_needed",
] as const;
export type ClosingTerminalState = (typeof closingTerminalStates)[number];
export const ClosingTerminalState = Type.Enum([...closingTerminalStates], {
  description:
    "closed: this closing closed it. already_closed: it was closed without this closing. waiting: not closed yet, and the server " +
    "goes on by itself until `retry_until`. failed: it is not closed. unknown: nobody knows whether it is closed. not_needed: there " +
    "is nothing to close.",
});

/** The states of a closing (D31). */
export const closingStates = ["running", "closed", "partly_closed", "unknown", "nothing_to_close"] as const;
export type ClosingState = (typeof closingStates)[number];
export const ClosingState = Type.Enum([...closingStates], {
  description:
    "running: a terminal is still waiting. closed: every terminal that needed it is closed. partly_closed: at least one failed. " +
    "unknown: none failed, but of at least one nobody knows. nothing_to_close: no terminal needed it.",
});

/** Why a terminal stands where it stands, beside the reasons of operations. */
const ownReasons = {
  closing: "its close is under way",
  closing_by_another: "a close that somebody else asked for is under way",
  busy: "it is busy with another operation",
  away: "it is not connected",
  not_ready: "it has no configuration yet",
  never_paired: "no device has paired as this terminal",
  empty: "nothing that was sold on the day is open",
  closed_at_terminal: "somebody closed it at the terminal",
  closed_by_another: "somebody closed it by an operation or another closing",
  closed_later: "it was closed after the day had ended, which closed this day, too",
  unconfirmed: "it closed its batch, and the payment host has not confirmed it yet",
  declined: "the payment host declined the close",
  moved: "it belongs to another store now",
  deleted: "it was deleted",
  not_asked: "the request named other terminals",
  unknown_end: "the close began, and nobody knows how it ended",
  device_replaced: "its former device was replaced while transactions were open there",
} as const;
export const closingReasons = [...operationReasons, ...(Object.keys(ownReasons) as (keyof typeof ownReasons)[])];
export type ClosingReason = (typeof closingReasons)[number];
/** What the reasons that only closings have mean, for documents. */
export const closingReasonMeanings: Readonly<Record<keyof typeof ownReasons, string>> = ownReasons;
export const ClosingReason = Type.Enum([...closingReasons], {
  description: `Why: a reason of operations, or of closings (${Object.entries(ownReasons)
    .map(([reason, meaning]) => `${reason}: ${meaning}`)
    .join("; ")}).`,
});

/**
 * What to do about a terminal in a closing. Beside the steps after operations: these, whose sentences speak of the closing
 * that goes on by itself.
 */
const ownSteps = {
  wait: { retryable: false, text: "Wait: the server closes it by itself." },
  bring_back: {
    retryable: false,
    text: "The terminal is not connected. Switch it on and see that it has a network; it is closed as soon as it is back.",
  },
  finish_payment: {
    retryable: false,
    text: "A payment is going on at the terminal. Finish it; the terminal is closed after that.",
  },
  fetch_configuration_first: {
    retryable: false,
    text: "The terminal has no configuration yet. Send it `check_update`; it is closed after that.",
  },
  close_again: {
    retryable: true,
    text: "There was trade after the close. Close the store once more with `again` set, or leave it to the next day's close.",
  },
  close_the_day: { retryable: true, text: "It is not closed. Close the store once more to try again." },
  find_the_batch: {
    retryable: false,
    text: "The device that was replaced had an open batch. Close it at that device, or ask the payment provider to close it.",
  },
  check_with_host: {
    retryable: false,
    text: "The payment host has not confirmed the close yet. Look at the settlement of the day; there is nothing to send.",
  },
} as const satisfies Record<string, { retryable: boolean; text: string }>;

/** Every step that a closing can name, with its words. */
export const closingSteps = { ...nextSteps, ...ownSteps };
export type ClosingStep = NextStep | keyof typeof ownSteps;
export const ClosingStepName = Type.Enum(Object.keys(closingSteps) as ClosingStep[], {
  description: "What to do about it.",
});
