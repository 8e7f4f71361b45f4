/**
 * Events (D33): what others may hear of. The documented names stay as they are; those of terminals, operations and closings are
 * our own (D25).
 */

interface EventKind {
  /** The field of the envelope that holds the subject, as the API shows it. */
  object:
    | "store"
    | "terminal"
    | "payout_destination"
    | "terminal_operation"
    | "presence"
    | "pairing"
    | "store_closing"
    | "missed_closing"
    | "subscription";
  about: string;
}

export const eventKinds = {
  account_store_add: { object: "store", about: "A store was created." },
  account_store_update: { object: "store", about: "A store was changed, configured, suspended or resumed." },
  account_store_delete: { object: "store", about: "A store was deleted." },
  account_terminal_add: { object: "terminal", about: "A terminal was registered." },
  account_terminal_update: {
    object: "terminal",
    about: "A terminal moved to another store or another status, or its model or device changed.",
  },
  account_terminal_delete: { object: "terminal", about: "A terminal was deleted." },
  account_payout_destination_add: { object: "payout_destination", about: "A payout destination was created." },
  account_payout_destination_update: {
    object: "payout_destination",
    about: "A payout destination was changed, or its case was decided.",
  },
  account_payout_destination_delete: { object: "payout_destination", about: "A payout destination was archived." },
  terminal_operation_add: { object: "terminal_operation", about: "An operation was accepted." },
  terminal_operation_update: {
    object: "terminal_operation",
    about:
      "An operation ended, its terminal answered after the end, or an operation that the database had lost was found again.",
  },
  terminal_presence: { object: "presence", about: "A terminal went online, late or offline." },
  terminal_paired: { object: "pairing", about: "A device paired with a terminal." },
  store_closing_add: { object: "store_closing", about: "A close of a store's business day was asked for." },
  store_closing_update: {
    object: "store_closing",
    about: "A closing changed: a terminal was closed or failed, it ended, or a late result corrected it.",
  },
  store_closing_missed: {
    object: "missed_closing",
    about: "The time to close a store's business day by itself is over, and terminals are not closed.",
  },
  hook_subscription_paused: {
    object: "subscription",
    about: "A webhook subscription was paused, because its receiver failed for a long time.",
  },
} as const satisfies Record<string, EventKind>;

export type EventType = keyof typeof eventKinds;
export const eventTypes = Object.keys(eventKinds) as EventType[];
export type EventObject = (typeof eventKinds)[EventType]["object"];

/** How an operation came to its event. */
export const operationCauses = ["accepted", "ended", "late_result", "recovered"] as const;
export type OperationCause = (typeof operationCauses)[number];

const idForm = /^(?<epoch>[0-9a-f]{8})-(?<position>[1-9]\d{0,14})$/;
/** The pattern of ids of events: `{epoch}-{position}`. */
export const eventIdPattern = idForm.source.replace(/\?<\w+>/g, "");

/**
 * The place of an event among those of its account: 1, 2, 3 …, without gaps. The epoch tells events apart that were given one
 * position, because the database went back in between.
 */
export interface EventPlace {
  epoch: string;
  position: number;
}

export function eventId({ epoch, position }: EventPlace): string {
  return `${epoch}-${position}`;
}

/** Undefined: it is not an id of an event. */
export function readEventId(id: string): EventPlace | undefined {
  const { epoch, position } = idForm.exec(id)?.groups ?? {};
  return epoch === undefined ? undefined : { epoch, position: Number(position) };
}
