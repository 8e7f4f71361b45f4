import { Type } from "typebox";

/** The presence of a terminal: whether it is online, as far as the server can tell from its messages. */
export const presenceStatuses = ["online", "late", "offline", "never", "shut_down"] as const;
export type PresenceStatus = (typeof presenceStatuses)[number];
export const PresenceStatus = Type.Enum(presenceStatuses, {
  description:
    "online: its messages come in time. late: its link was lost a moment ago, or a heartbeat is overdue. offline: late for so " +
    "long that it cannot be counted on. never: no message since it was registered. shut_down: it said goodbye.",
});

/** The statuses by descending severity: an offline terminal needs attention first, an online one needs none. */
export const presenceBySeverity = [
  "offline",
  "late",
  "never",
  "shut_down",
  "online",
] as const satisfies readonly PresenceStatus[];

/** The presence reason, and the code of the fault, that report two devices with one address. */
export const addressShared = "address_shared";

export const presenceReasons = ["connected", "heard_again", "link_lost", "silent", "goodbye", addressShared] as const;
export type PresenceReason = (typeof presenceReasons)[number];
export const PresenceReason = Type.Enum(presenceReasons, {
  description:
    "connected: it said hello on a new connection, and was not online before. heard_again: a message came after a silence. " +
    "link_lost: its connection broke. silent: its messages stopped. goodbye: it was shut down. address_shared: two devices use " +
    "its address; its status is unchanged.",
});

/** Seconds between heartbeats where the welcome names no other interval. */
export const defaultHeartbeatSeconds = 30;

/** The times after which a silent terminal becomes late, and then offline. */
export const presenceDelays = {
  /** This and the next one count from the time of the expected heartbeat. */
  lateAfterMs: 5_000,
  silentOfflineAfterMs: 30_000,
  /**
   * Counts from the loss of the link, which makes the terminal late at once. Long enough for ten thousand terminals that
   * lost their links together to reconnect.
   */
  lostOfflineAfterMs: 20_000,
} as const;
