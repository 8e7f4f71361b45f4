import type { Tables } from "../tables/schema.ts";

/** Rights on a table: on all its columns, or on the named ones. */
interface Rights {
  select?: true | readonly string[];
  insert?: true | readonly string[];
  update?: true | readonly string[];
  delete?: true;
}

export type Right = keyof Rights;
export const rights = ["select", "insert", "update", "delete"] as const satisfies Right[];

/**
 * Rights of the tenants' role, by table and, for changes, by column: no more than the statements in `inTenant` need.
 * Row security then restricts them to the rows of one account. The role has no rights on other tables.
 */
export const tenantRights: Partial<Record<keyof Tables, Rights>> = {
  account_users: {
    select: true,
    insert: true,
    update: ["language", "name", "removed_at", "role", "stores", "updated_at", "updated_by"],
  },
  accounts: {
    select: true,
    insert: true,
    update: ["last_configuration_number", "last_store_number", "last_terminal_number", "sandbox_snapshot"],
  },
  activations: { select: true, insert: true },
  // Entries are appended by a function with the rights of the owner.
  audit_log: { select: true },
  client_grants: {
    select: true,
    insert: true,
    update: ["asked_scopes", "narrowed_at", "removed_at", "scopes", "updated_at", "updated_by"],
  },
  client_secrets: { select: true, insert: true, update: ["expires_at", "revoked_at"] },
  clients: {
    select: true,
    insert: true,
    update: ["callbacks", "description", "name", "revoked_at", "updated_at", "updated_by"],
  },
  closing_attempts: { select: true, insert: true, update: ["refused"] },
  closing_report_numbers: { select: true, insert: true, update: ["last_number"] },
  // Reports are never changed and never deleted.
  closing_reports: { select: true, insert: true },
  closing_requests: { select: true, insert: true, update: ["closing_id", "created_at", "request_sha256"] },
  closing_terminals: { select: true, insert: true, update: ["again", "asked_at", "frozen"] },
  closings: {
    select: true,
    insert: true,
    update: [
      "asked_at",
      "asked_by",
      "cancelled_at",
      "cancelled_by",
      "ended_at",
      "expected",
      "look_at",
      "report_at",
      "retry_until",
      "told",
      "when_busy",
    ],
  },
  configurations: { select: true, insert: true, update: ["withdrawn_at", "withdrawn_by"] },
  // The sequencer gives events their places; tenants only read them there.
  event_heads: { select: true },
  events: { select: true },
  new_events: { select: true, insert: true },
  hook_attempts: { select: true },
  hook_deliveries: {
    select: true,
    insert: true,
    update: ["asked_again", "attempts", "due_at", "finished_at", "first_attempt_at", "lane", "state"],
  },
  hook_replays: { select: true, insert: true },
  hook_secrets: { select: true, insert: true, update: ["expires_at"], delete: true },
  hook_subscriptions: {
    select: true,
    insert: true,
    update: [
      "active",
      "content_type",
      "deleted_at",
      "deleted_by",
      "events",
      "exclude_fields",
      "failing_since",
      "fields",
      "insecure_ssl",
      "ordered",
      "paused_at",
      "paused_position",
      "resumed_position",
      "paused_reason",
      "secret_type",
      "slow",
      "state",
      "updated_at",
      "updated_by",
      "url",
    ],
  },
  mail_days: { select: true, insert: true, update: ["look_at", "told_at"], delete: true },
  mail_endings: { select: true, insert: true, delete: true },
  mail_lists: { select: true, insert: true, update: ["recipients"] },
  mail_messages: { select: true, insert: true },
  operation_claims: {
    select: true,
    update: ["cancel_refused_at", "cancel_requested_at", "cancel_requested_by", "deadline", "due_at", "terminal_id"],
    delete: true,
  },
  operations: {
    select: true,
    update: [
      "cancel_requested_at",
      "cancel_requested_by",
      "delivered_at",
      "dispatched_at",
      "reason",
      "started_at",
      "status",
      "updated_at",
      "updated_by",
    ],
  },
  // A link joins two accounts, so no tenant's transaction writes it.
  operator_destination_stores: { select: true },
  pairing_codes: {
    select: true,
    insert: true,
    update: ["failed_attempts", "key_thumbprint", "status", "used_at", "wrong_tries_from"],
  },
  payout_destinations: {
    select: true,
    insert: true,
    update: [
      "address",
      "bank_accounts",
      "case_status",
      "email",
      "form_submitter",
      "individual",
      "merchant_category_code",
      "organization",
      "payout_destination_description",
      "payout_destination_name",
      "payout_interval_type",
      "payout_reference",
      "phone_number",
      "report_configuration",
      "stopped_at",
      "type",
      "updated_at",
      "updated_by",
      "website",
    ],
  },
  presence_changes: { select: true },
  release_keys: { select: true, insert: true, update: ["revoked_at", "revoked_by"] },
  releases: { select: true, insert: true, update: ["available_at", "status", "updated_at", "updated_by"] },
  sign_in_links: { insert: true },
  store_autopilot: { select: true, update: ["asked_at", "business_day", "look_at", "until", "version"] },
  stores: {
    select: true,
    insert: true,
    update: [
      "address",
      "configuration",
      "coordinates",
      "email",
      "organization",
      "payout_destination_id",
      "phone_number",
      "status",
      "store_id",
      "store_name",
      "suspended_by_destination",
      "suspended_by_operator",
      "updated_at",
      "updated_by",
      "verified",
      "website",
    ],
  },
  telemetry_history: { select: true },
  terminal_addresses: { select: true, insert: true, update: ["former_key", "left_at", "open_batch", "open_batch_at"] },
  terminal_credentials: {
    select: true,
    insert: true,
    update: [
      "address",
      "created_at",
      "device_serial_number",
      "ends_with",
      "lapse_due_at",
      "lapsed_at",
      "public_key",
      "secret_sha256",
      "token_lapses",
    ],
    delete: true,
  },
  terminal_devices: { select: true, insert: true },
  terminal_logs: {
    select: true,
    insert: true,
    update: ["masked_count", "sha256", "size", "state", "unpacked_size"],
    delete: true,
  },
  terminal_presence: { select: true, update: ["fault_ended_at"] },
  terminal_probes: { select: true, insert: true, update: ["answered_at", "created_at", "probe_id", "sent_at"] },
  terminal_search: { select: true },
  terminal_software: {
    select: true,
    insert: true,
    update: ["configuration_version", "reported_at", "software_version"],
  },
  terminal_stores: { select: true, insert: true },
  terminal_telemetry: { select: true, update: ["device_changed_at"], delete: true },
  used_nonces: { select: true, insert: true },
  terminals: {
    select: true,
    insert: true,
    update: [
      "deleted_at",
      "deleted_by",
      "device_model",
      "device_serial_number",
      "last_device",
      "pending_since",
      "status",
      "status_before_inactive",
      "status_reason",
      "store_ref",
      "sync_failed",
      "updated_at",
    ],
  },
  virtual_terminal_actions: { select: true, insert: true },
  virtual_terminal_controls: { select: true, insert: true, update: ["controls", "until", "version"] },
};

/** Tables with an account that tenants' transactions never use. */
export const tablesClosedToTenants = [
  "audit_heads",
  "store_search",
  "virtual_terminal_leases",
] as const satisfies (keyof Tables)[];

/**
 * Tables whose owner is exempt from their policies: LIKE is not leakproof, so no index serves a search behind a policy.
 * The functions that search run as the owner and check the account themselves.
 */
export const tablesExemptingOwner = ["store_search", "terminal_search"] as const satisfies (keyof Tables)[];

/** Functions that only the owner and the tenants' role may call. */
export const tenantFunctions = ["audit_append", "tillkeeper_end_totp"] as const;
