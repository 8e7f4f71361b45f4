import type { Tables } from "../tables/schema.ts";

/** The tables with rows of accounts. */
export type AccountTable = {
  [T in keyof Tables]: Tables[T] extends { account_id: unknown } ? T : never;
}[keyof Tables];

/**
 * How a row knows its store:
 * - `store`: by this column; a row without one is of the account. `without` says otherwise: it belongs to the store where its
 *   terminal is, or it is read all the same, and not changed.
 * - `terminal`: it belongs to the store where its terminal is.
 * - `operation`: it belongs to the store of its operation.
 * - `closing`: it belongs to the store of its closing.
 * - `account`: it is of the account and of no store.
 * - `shared`: every transaction of the account needs it, and it tells nothing of a store.
 * - `closed`: tenants' transactions have no rights on the table.
 */
export type Belonging =
  | { store: string; without?: "of its terminal" | "readable" }
  | "terminal"
  | "terminal number"
  | "operation"
  | "closing"
  | "account"
  | "shared"
  | "closed";

/**
 * The only list that says how each table knows its store (docs/adr/0046-limit-to-stores.md). From it the policies of transactions that
 * are limited to stores are made. A table that is left out does not compile.
 */
export const belongings: Record<AccountTable, Belonging> = {
  // Its time zone decides about business days, and its numbers are given to new terminals.
  accounts: "shared",
  account_users: "account",
  activations: "terminal",
  audit_heads: "closed",
  audit_log: "account",
  client_grants: "account",
  client_secrets: "account",
  clients: "account",
  closing_attempts: "closing",
  closing_report_numbers: { store: "store_ref" },
  closing_reports: { store: "store_ref" },
  // Found by the caller's own id and key only; the closing that it names is read through its policy.
  closing_requests: "shared",
  closing_terminals: "closing",
  closings: { store: "store_ref" },
  // One for the whole account is in force in its stores, too.
  configurations: { store: "store_ref", without: "readable" },
  // The position up to which a reader of events has come; the events behind it are read through their policy.
  event_heads: "shared",
  events: { store: "store_ref" },
  hook_attempts: "account",
  hook_deliveries: "account",
  hook_replays: "account",
  hook_secrets: "account",
  hook_subscriptions: "account",
  mail_days: { store: "store_ref" },
  mail_endings: "account",
  mail_lists: "account",
  mail_messages: { store: "store_ref" },
  new_events: { store: "store_ref" },
  operation_claims: "operation",
  // The store at the time of the operation. Older rows do not say it: they belong to the store where the terminal is.
  operations: { store: "store_ref", without: "of its terminal" },
  operator_destination_stores: { store: "store_ref" },
  pairing_codes: "terminal",
  payout_destinations: "account",
  presence_changes: "terminal",
  release_keys: "account",
  releases: "account",
  sign_in_links: "account",
  store_autopilot: { store: "store_ref" },
  store_search: "closed",
  stores: { store: "id" },
  telemetry_history: "terminal",
  terminal_addresses: "terminal",
  terminal_credentials: "terminal",
  terminal_devices: "terminal",
  terminal_logs: "operation",
  terminal_presence: "terminal",
  terminal_probes: "terminal",
  terminal_search: "terminal number",
  terminal_software: "terminal",
  terminal_stores: { store: "store_ref" },
  terminal_telemetry: "terminal",
  terminals: { store: "store_ref" },
  used_nonces: "account",
  virtual_terminal_actions: "terminal",
  virtual_terminal_controls: "terminal",
  virtual_terminal_leases: "closed",
};
