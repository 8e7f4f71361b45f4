import { isDeepStrictEqual } from "node:util";
import type { TimelineType } from "@tillkeeper/contract/timeline";
import { plural, type Words } from "./words.ts";

/** An entry of the audit log, as sentences need it. */
export interface Change {
  action: string;
  actor: string;
  /** Of the terminal or the store. */
  id: string;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
}

interface Told {
  type: TimelineType;
  text: (words: Words) => string;
}

type Teller = (change: Change) => Told;

/** A sentence about who did something to a terminal. */
const by =
  (type: TimelineType, verb: string, rest: (change: Change) => string = () => ""): Teller =>
  (change) => ({
    type,
    text: ({ who, terminal }) => `${who(change.actor)} ${verb} ${terminal(change.id)}${rest(change)}.`,
  });

const ofTerminal: Readonly<Record<string, Teller>> = {
  "terminal.create": by("terminal_registered", "registered", ({ after }) => serial(after, ", with the device")),
  "terminal.update": (change) => (moved(change) ? move(change) : update(change)),
  "terminal.delete": by("terminal_deleted", "deleted"),
  "terminal.release": by("terminal_deleted", "released the device of"),
  "terminal.sync": by("terminal_synced", "tried again to bring", () => " into use"),
  "terminal.issue_pairing_code": by("pairing_code_issued", "issued a pairing code for", ({ after }) =>
    serial(after, " and the device"),
  ),
  "terminal.guess_pairing_code": (change) => guesses(change, "were tried"),
  "terminal.exhaust_pairing_code": (change) => guesses(change, "were tried, and the code ended with the last of them"),
  "terminal.pair": ({ id, after }) => ({
    type: "device_paired",
    text: ({ Terminal }) => `${Terminal(id)} was paired with its device${serial(after, "")}.`,
  }),
  "terminal.replace_device": by(
    "device_replaced",
    "replaced the device of",
    ({ before, after }) => `${serial(before, ", which was")}${serial(after, ", by the device")}`,
  ),
  "terminal.issue_credential": by("credential_issued", "issued a password for the device of"),
  "terminal.memory_lost": ({ id, after }) => ({
    type: "memory_lost",
    text: ({ terminal }) =>
      `The device of ${terminal(id)} has lost its memory, and got the address ${word(after, "address")}.`,
  }),
  "terminal.address_unknown": ({ id, before, after }) => ({
    type: "address_closed",
    text: ({ terminal }) =>
      `The device of ${terminal(id)} showed the address ${word(after, "address")}, which is later than what was known here: ` +
      `${word(before, "address")} is closed, and the device has to pair again.`,
  }),
};

const ofStore: Readonly<Record<string, { type: TimelineType; words: (change: Change) => string }>> = {
  "store.create": { type: "store_created", words: () => "made the store" },
  "store.update": { type: "store_changed", words: (change) => `changed the store${fieldsThatDiffer(change)}` },
  "store.configure": {
    type: "store_configured",
    words: (change) => `changed the store's configuration${fieldsThatDiffer(change)}`,
  },
  "store.suspend": { type: "store_suspended", words: () => "suspended the store: its terminals are INACTIVE" },
  "store.resume": { type: "store_resumed", words: () => "resumed the store" },
  "store.delete": { type: "store_deleted", words: () => "deleted the store" },
};

/** What a change of a terminal is, and its sentence. */
export function terminalChangeInWords(change: Change): Told {
  const teller = Object.hasOwn(ofTerminal, change.action) ? ofTerminal[change.action] : undefined;
  return (teller ?? by("changed", `did ${change.action} to`))(change);
}

/** What a change of a store is, and its sentence. */
export function storeChangeInWords(change: Change): Told {
  const known = Object.hasOwn(ofStore, change.action) ? ofStore[change.action] : undefined;
  const words = known ? known.words(change) : `did ${change.action} to the store`;
  return { type: known?.type ?? "changed", text: ({ who }) => `${who(change.actor)} ${words}.` };
}

/** A field of an entry that is text; the log may hold anything. */
function word(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : "?";
}

function serial(fields: Record<string, unknown>, before: string): string {
  const number = fields["device_serial_number"];
  return typeof number === "string" ? `${before} ${number}` : "";
}

function moved({ before, after }: Change): boolean {
  return before["store_id"] !== after["store_id"];
}

function move(change: Change): Told {
  const { before, after } = change;
  return by(
    "terminal_moved",
    "moved",
    () => ` from store ${word(before, "store_id")} to store ${word(after, "store_id")}`,
  )(change);
}

function update(change: Change): Told {
  return by("terminal_changed", "changed", fieldsThatDiffer)(change);
}

function guesses({ id, after }: Change, what: string): Told {
  const count = plural(Number(after["failed_attempts"] ?? 0), "wrong pairing code");
  const type = "pairing_code_guessed";
  return { type, text: ({ terminal }) => `${count} for ${terminal(id)} ${what}.` };
}

/** The two change with everything. */
const notTold = new Set(["updated_at", "updated_by"]);

/** What a change is about: `: device_model, store_name`. */
function fieldsThatDiffer({ before, after }: Change): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => !notTold.has(name) && !isDeepStrictEqual(before[name], after[name]),
  );
  return names.length === 0 ? "" : `: ${names.join(", ")}`;
}
