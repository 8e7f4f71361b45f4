import { Type } from "typebox";

/** The life-cycle of a terminal (D11) as a table that server, console and tests read alike. */
export const terminalStatuses = ["DELETED", "PENDING", "ACTION_REQUIRED", "ACTIVE", "INACTIVE", "ERROR"] as const;
export const TerminalStatus = Type.Enum(terminalStatuses, {
  description:
    "PENDING: registered, no device has connected. ACTION_REQUIRED: the device must fetch its configuration. " +
    "ACTIVE: in use. INACTIVE: its store is suspended. ERROR: activation failed or the device reported a fault. DELETED: removed.",
});
export type TerminalStatus = (typeof terminalStatuses)[number];

export const terminalStatusReasons = ["CHECK_UPDATE", "ADDING", "SYNC_ERROR"] as const;
export const TerminalStatusReason = Type.Enum(terminalStatusReasons, {
  description:
    "Why the terminal has its current status. ADDING, with PENDING: its device has not paired yet. CHECK_UPDATE, with " +
    "ACTION_REQUIRED. SYNC_ERROR, with ERROR: an activation had no answer; absent, the device reported a fault.",
});
export type TerminalStatusReason = (typeof terminalStatusReasons)[number];

/**
 * The reason that answers show with a status. It follows from the status alone, but for ERROR: there it is `SYNC_ERROR` after
 * an exhausted activation.
 */
export const statusReasons = {
  DELETED: null,
  PENDING: "ADDING",
  ACTION_REQUIRED: "CHECK_UPDATE",
  ACTIVE: null,
  INACTIVE: null,
  ERROR: null,
} as const satisfies Record<TerminalStatus, TerminalStatusReason | null>;

/** How long a terminal has to be PENDING with ADDING before a sync starts it anew, as the public reference says. */
export const addingRetryableSeconds = 600;

export const terminalEvents = [
  "device_connected",
  "update_checked",
  "activation_succeeded",
  "activation_exhausted",
  "device_fault",
  "device_replaced",
  "store_suspended",
  "store_resumed",
  "deleted",
] as const;
export type TerminalEvent = (typeof terminalEvents)[number];

/** A status that a terminal can have before it turns INACTIVE, and to which it returns. */
export type LiveStatus = Exclude<TerminalStatus, "DELETED" | "INACTIVE">;

/** The effect of an event: a new status, no change (`stays`), or an effect that occurs only for INACTIVE terminals. */
type Effect = TerminalStatus | "stays" | "resumes" | "moves_remembered";

/**
 * What each event does to a terminal in each status. Events of an INACTIVE terminal move the status that it remembers
 * (`moves_remembered`). The terminal shows that status again when its store resumes (`resumes`).
 */
export const terminalMoves = {
  device_connected: {
    PENDING: "ACTION_REQUIRED",
    ACTION_REQUIRED: "stays",
    ACTIVE: "stays",
    ERROR: "stays",
    INACTIVE: "moves_remembered",
    DELETED: "stays",
  },
  update_checked: {
    PENDING: "stays",
    ACTION_REQUIRED: "ACTIVE",
    ACTIVE: "stays",
    ERROR: "ACTIVE",
    INACTIVE: "moves_remembered",
    DELETED: "stays",
  },
  activation_succeeded: {
    PENDING: "ACTIVE",
    ACTION_REQUIRED: "ACTIVE",
    ACTIVE: "stays",
    ERROR: "ACTIVE",
    INACTIVE: "moves_remembered",
    DELETED: "stays",
  },
  activation_exhausted: {
    PENDING: "ERROR",
    ACTION_REQUIRED: "ERROR",
    ACTIVE: "ERROR",
    ERROR: "stays",
    INACTIVE: "moves_remembered",
    DELETED: "stays",
  },
  // A device that has never connected has nothing to report.
  device_fault: {
    PENDING: "stays",
    ACTION_REQUIRED: "ERROR",
    ACTIVE: "ERROR",
    ERROR: "stays",
    INACTIVE: "moves_remembered",
    DELETED: "stays",
  },
  // The new device has not paired yet.
  device_replaced: {
    PENDING: "stays",
    ACTION_REQUIRED: "PENDING",
    ACTIVE: "PENDING",
    ERROR: "PENDING",
    INACTIVE: "moves_remembered",
    DELETED: "stays",
  },
  store_suspended: {
    PENDING: "INACTIVE",
    ACTION_REQUIRED: "INACTIVE",
    ACTIVE: "INACTIVE",
    ERROR: "INACTIVE",
    INACTIVE: "stays",
    DELETED: "stays",
  },
  store_resumed: {
    PENDING: "stays",
    ACTION_REQUIRED: "stays",
    ACTIVE: "stays",
    ERROR: "stays",
    INACTIVE: "resumes",
    DELETED: "stays",
  },
  deleted: {
    PENDING: "DELETED",
    ACTION_REQUIRED: "DELETED",
    ACTIVE: "DELETED",
    ERROR: "DELETED",
    INACTIVE: "DELETED",
    DELETED: "stays",
  },
} as const satisfies Record<
  TerminalEvent,
  Record<LiveStatus | "DELETED", TerminalStatus | "stays"> & { INACTIVE: Effect }
>;

/** The state of a terminal: its status and, only while INACTIVE, the status that it will return to. */
export interface TerminalState {
  status: TerminalStatus;
  remembered: LiveStatus | null;
}

const liveStatuses = ["PENDING", "ACTION_REQUIRED", "ACTIVE", "ERROR"] as const satisfies readonly LiveStatus[];

/** Every state that a terminal can be in. */
export const terminalStates: readonly TerminalState[] = [
  ...liveStatuses.map((status) => ({ status, remembered: null })),
  ...liveStatuses.map((remembered) => ({ status: "INACTIVE" as const, remembered })),
  { status: "DELETED", remembered: null },
];

/** The state of a terminal after an event; `state` itself when the event does not concern it. */
export function afterEvent(event: TerminalEvent, state: TerminalState): TerminalState {
  const effect: Effect = terminalMoves[event][state.status];
  if (effect === "stays") return state;
  if (effect === "resumes") return { status: state.remembered ?? "PENDING", remembered: null };
  if (effect === "moves_remembered") {
    const moved = afterEvent(event, { status: state.remembered ?? "PENDING", remembered: null });
    return { status: "INACTIVE", remembered: moved.status as LiveStatus };
  }
  return { status: effect, remembered: effect === "INACTIVE" ? (state.status as LiveStatus) : null };
}

/** Whether an event changes a terminal in this state. */
export function changesState(event: TerminalEvent, state: TerminalState): boolean {
  const next = afterEvent(event, state);
  return next.status !== state.status || next.remembered !== state.remembered;
}
