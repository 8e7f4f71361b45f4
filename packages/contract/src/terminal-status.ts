import { Type } from "typebox";
import type { OperationName } from "./operations.ts";

/** The life-cycle of a terminal (D11) as a table that server, console and tests read alike. */
export const terminalStatuses = ["DELETED", "PENDING", "ACTION_REQUIRED", "ACTIVE", "INACTIVE", "ERROR"] as const;
export const TerminalStatus = Type.Enum(terminalStatuses, {
  description:
    "PENDING: registered, no device has connected. ACTION_REQUIRED: the device must fetch its configuration. " +
    "ACTIVE: in use. INACTIVE: its store is suspended. ERROR: activation failed or the device reported a fault. DELETED: removed.",
});
export type TerminalStatus = (typeof terminalStatuses)[number];

export const terminalStatusReasons = ["CHECK_UPDATE"] as const;
export const TerminalStatusReason = Type.Enum(terminalStatusReasons, {
  description: "Why the terminal has its current status.",
});
export type TerminalStatusReason = (typeof terminalStatusReasons)[number];

type TerminalEvent = "device_connected" | "update_checked";

/** What each event does to a terminal; a status that an event does not name stays as it is. */
export const terminalMoves = {
  device_connected: { PENDING: { status: "ACTION_REQUIRED", status_reason: "CHECK_UPDATE" } },
  update_checked: {
    ACTION_REQUIRED: { status: "ACTIVE", status_reason: null },
    ERROR: { status: "ACTIVE", status_reason: null },
  },
} as const satisfies Record<
  TerminalEvent,
  Partial<Record<TerminalStatus, { status: TerminalStatus; status_reason: TerminalStatusReason | null }>>
>;

const all = ["end_of_day", "send_logs", "check_update", "open_menu"] as const;

/** Which operations a terminal accepts in each status (D18). DELETED is answered as unknown before this table is asked. */
export const operationsAllowed = {
  DELETED: [],
  PENDING: [],
  ACTION_REQUIRED: ["send_logs", "check_update", "open_menu"],
  ACTIVE: all,
  INACTIVE: all,
  ERROR: all,
} as const satisfies Record<TerminalStatus, readonly OperationName[]>;
