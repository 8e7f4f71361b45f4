import { Type } from "typebox";

/** Whether a terminal is there, as far as the server can know. */
export const presenceStatuses = ["online", "late", "offline", "never", "shut_down"] as const;
export type PresenceStatus = (typeof presenceStatuses)[number];
export const PresenceStatus = Type.Enum(presenceStatuses, {
  description:
    "online: heard from in time. late: its link was lost just now, or a heartbeat is overdue. offline: for so long that it " +
    "cannot be counted on. never: not heard from since it was registered. shut_down: it said goodbye.",
});
