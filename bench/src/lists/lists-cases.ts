import { commonWord, mainDestination, oldModel, oldWord, rareStore, unusedDigit } from "./lists-fleet.ts";

/** Values for the requests, drawn from the whole account, so that requests do not hit only a few cached pages. */
export interface Sample {
  terminals: { terminal_id: string; device_serial_number: string; store_id: string }[];
  stores: { organization_number: string; payout_destination_id: string }[];
  /** Cursors for `starting_after`, by list and depth. */
  cursors: Record<"terminals" | "stores", { deep: string; last: string }>;
}

export interface ListCase {
  name: string;
  /** Returns the query of request number `step`. */
  query(sample: Sample, step: number): Record<string, string>;
  /** Number of rows in the answer. Another number would be other work, and shows a wrongly seeded account. */
  rows: "a full page" | "some" | "none";
}

function fixed(name: string, query: Record<string, string>, rows: ListCase["rows"] = "a full page"): ListCase {
  return { name, rows, query: () => query };
}

type Terminal = Sample["terminals"][number];
function ofTerminal(name: string, query: (terminal: Terminal) => Record<string, string>, rows: ListCase["rows"]) {
  return { name, rows, query: ({ terminals }: Sample, step: number) => query(pick(terminals, step)) };
}

type Store = Sample["stores"][number];
function ofStore(name: string, query: (store: Store) => Record<string, string>, rows: ListCase["rows"]) {
  return { name, rows, query: ({ stores }: Sample, step: number) => query(pick(stores, step)) };
}

function pick<T>(values: readonly T[], step: number): T {
  return values[step % values.length] as T;
}

function mistyped(number: string): string {
  return unusedDigit + number.slice(1);
}

export const terminalCases: ListCase[] = [
  fixed("first page", {}),
  {
    name: "page 1,000",
    rows: "a full page",
    query: ({ cursors }) => ({ starting_after: cursors.terminals.deep }),
  },
  { name: "last page", rows: "a full page", query: ({ cursors }) => ({ starting_after: cursors.terminals.last }) },
  fixed("include_deleted", { include_deleted: "true" }),
  fixed("includes=store", { includes: "store" }),
  fixed("status, most", { status: "ACTIVE" }),
  fixed("status, 1 in 400", { status: "ERROR" }),
  fixed("device_model, half", { device_model: "A920" }),
  fixed("device_model, 1 in 400", { device_model: "RX5000" }),
  fixed("device_model, old ones only", { device_model: oldModel }),
  ofTerminal("device_serial_number", (terminal) => ({ device_serial_number: terminal.device_serial_number }), "some"),
  ofTerminal("terminal_id", (terminal) => ({ terminal_id: terminal.terminal_id }), "some"),
  ofTerminal("store_id", (terminal) => ({ store_id: terminal.store_id }), "some"),
  ofStore(
    "payout_destination_id, 10 stores",
    (store) => ({ payout_destination_id: store.payout_destination_id }),
    "a full page",
  ),
  fixed("payout_destination_id, half", { payout_destination_id: mainDestination }),
  fixed("status and device_model, rare", { status: "ERROR", device_model: "A77" }, "some"),
  ofTerminal("search: one serial number", (terminal) => ({ search: terminal.device_serial_number }), "some"),
  fixed("search: a rare word", { search: rareStore.word }, "some"),
  fixed("search: common", { search: commonWord }),
  fixed("search: common among old ones", { search: oldModel }),
  ofTerminal("search: no hit, a number", (terminal) => ({ search: mistyped(terminal.device_serial_number) }), "none"),
  fixed("search: no hit, a word", { search: "zeppelin" }, "none"),
  fixed("search: no hit, two letters", { search: "qz" }, "none"),
];

export const storeCases: ListCase[] = [
  fixed("first page", {}),
  { name: "page 1,000", rows: "a full page", query: ({ cursors }) => ({ starting_after: cursors.stores.deep }) },
  { name: "last page", rows: "a full page", query: ({ cursors }) => ({ starting_after: cursors.stores.last }) },
  fixed("include_deleted", { include_deleted: "true" }),
  fixed("status, most", { status: "ACTIVE" }),
  fixed("status, 1 in 50", { status: "DELETED" }),
  ofStore(
    "payout_destination_id, 10 stores",
    (store) => ({ payout_destination_id: store.payout_destination_id }),
    "some",
  ),
  fixed("payout_destination_id, half", { payout_destination_id: mainDestination }),
  ofStore("search: one organization number", (store) => ({ search: store.organization_number }), "some"),
  fixed("search: a rare word", { search: rareStore.word }, "some"),
  fixed("search: common", { search: commonWord }),
  fixed("search: common among old ones", { search: oldWord }),
  ofStore("search: no hit, a number", (store) => ({ search: mistyped(store.organization_number) }), "none"),
  fixed("search: no hit, a word", { search: "zeppelin" }, "none"),
  fixed("search: no hit, two letters", { search: "qz" }, "none"),
];
