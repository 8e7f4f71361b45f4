import { Type } from "typebox";

/** Whether a terminal is there, as far as the server can know. */
export const presenceStatuses = ["online", "late", "offline", "never", "shut_down"] as const;
export type PresenceStatus = (typeof presenceStatuses)[number];
export const PresenceStatus = Type.Enum(presenceStatuses, {
  description:
    "online: heard from in time. late: its link was lost just now, or a heartbeat is overdue. offline: for so long that it " +
    "cannot be counted on. never: not heard from since it was registered. shut_down: it said goodbye.",
});

/** From what needs somebody most to what needs nobody. */
export const presenceBySeverity = [
  "offline",
  "late",
  "never",
  "shut_down",
  "online",
] as const satisfies readonly PresenceStatus[];

/** The reason and the fault by which the server tells that two devices use one address. */
export const addressShared = "address_shared";

export const presenceReasons = ["connected", "heard_again", "link_lost", "silent", "goodbye", addressShared] as const;
export type PresenceReason = (typeof presenceReasons)[number];
export const PresenceReason = Type.Enum(presenceReasons, {
  description:
    "connected: it said hello on a new connection, and was not online before. heard_again: it spoke after a silence. link_lost: its connection broke. " +
    "silent: nothing was heard of it any more. goodbye: it was shut down. address_shared: two devices use its address, its " +
    "status is as before.",
});

/** Seconds between the heartbeats of a terminal that was told nothing else. */
export const defaultHeartbeatSeconds = 30;

/** When a terminal that is not heard of becomes late and offline. */
export const presenceDelays = {
  /** After the heartbeat that was expected. */
  lateAfterMs: 5_000,
  silentOfflineAfterMs: 30_000,
  /** After the link was lost; it is late at once. Long enough for ten thousand that lost it together to come back. */
  lostOfflineAfterMs: 20_000,
} as const;
