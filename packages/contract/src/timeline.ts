import { Type } from "typebox";

/**
 * The types of what a timeline tells, each with its meaning. A program may branch on them: they stay, and further ones may come.
 */
export const timelineTypes = {
  operation_accepted: "somebody asked for an operation; the command is on its way to the terminal",
  operation_cancel_requested: "somebody asked to cancel an operation",
  operation_completed: "the terminal carried an operation out",
  operation_failed: "an operation ended as FAILED",
  operation_timed_out: "an operation's window passed without an answer",
  operation_answered_late: "the terminal told the result of an operation after that had ended without it",
  operation_recovered: "the terminal told of an operation that the database had lost",
  closed_at_terminal: "somebody closed the day at the terminal itself; the entry stands where that began",
  terminal_online: "the terminal connected, or was heard again",
  terminal_late: "its link was lost, or a message is overdue",
  terminal_offline: "it was not heard for so long that it cannot be counted on",
  terminal_shut_down: "it said goodbye",
  address_shared: "two devices use the terminal's address",
  software_version_changed: "the device reported another version of its software",
  configuration_version_changed: "the device reported another version of its configuration",
  battery_changed: "the device reported its battery",
  link_changed: "the device reported its link",
  printer_changed: "the device reported its printer",
  unsent_batch_changed: "the device reported transactions that it has not sent on, or that there are none left",
  fault_reported: "the device reported a fault; only the last one of a terminal is kept",
  fault_ended: "the device reported that fault no longer, or was replaced",
  log_received: "the terminal's log arrived",
  configuration_made: "a configuration was made that counts for the terminal, or for terminals of the store",
  configuration_withdrawn: "such a configuration was withdrawn",
  release_available: "a release of the software became available for the model",
  release_withdrawn: "such a release was withdrawn",
  activation_started: "an activation began",
  activation_succeeded: "it brought the terminal into use",
  activation_exhausted: "its tries were used up without an answer",
  terminal_registered: "the terminal was registered",
  terminal_changed: "the terminal's data were changed",
  terminal_moved: "the terminal was moved to another store",
  terminal_deleted: "the terminal was deleted, or released by the server's operator",
  terminal_synced: "somebody asked to try again to bring it into use",
  pairing_code_issued: "a pairing code was issued",
  pairing_code_guessed: "wrong pairing codes were tried; with the last one allowed, the code ended",
  device_paired: "a device paired, and has an address of its own since",
  device_replaced: "the terminal's device was replaced by another one",
  credential_issued: "a password for the device was issued, with another address",
  memory_lost: "the device lost its memory and got another address",
  address_closed: "the device showed a later address than the database knew: the address that was known is closed",
  store_created: "the store was made",
  store_changed: "the store's data were changed",
  store_configured: "the store's configuration was changed, such as its closing time",
  store_suspended: "the store was suspended; its terminals are INACTIVE until it is resumed",
  store_resumed: "the store was resumed",
  store_deleted: "the store was deleted",
  closing_requested: "a closing of the store's business day was asked for",
  closing_attempted: "that closing asked the terminal to close, or could not",
  closing_ended: "nothing of that closing waits any more; the sentence says how it stands now",
  closing_cancelled: "that closing was cancelled",
  changed: "another change that the audit log holds",
} as const;
export type TimelineType = keyof typeof timelineTypes;

const names = Object.keys(timelineTypes) as [TimelineType, ...TimelineType[]];

export const TimelineType = Type.Enum(names, {
  description: names.map((name) => `${name}: ${timelineTypes[name]}.`).join(" "),
});
