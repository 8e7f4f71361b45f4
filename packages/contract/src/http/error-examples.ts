import type { ErrorCode, ErrorDetail } from "./errors.ts";

interface Example {
  message: string;
  errors: readonly ErrorDetail[];
}

/** An answer with each error code, as the server gives it. A code without an example does not compile. */
export const errorExamples: Readonly<Record<ErrorCode, Example>> = {
  invalid_request: {
    message: "The request is not valid; see `errors`.",
    errors: [{ path: "/body/store_id", message: "must be text, not a number" }],
  },
  invalid_json: { message: "The body is not valid JSON.", errors: [] },
  invalid_idempotency_key: {
    message: "Idempotency-Key must be one UUID.",
    errors: [{ path: "/headers/idempotency-key", message: "must be a UUID" }],
  },
  invalid_grant_type: {
    message: "Only the grant type client_credentials is supported.",
    errors: [{ path: "/body/grant_type", message: "must be client_credentials" }],
  },
  invalid_scope: {
    message: "The client holds none of these scopes.",
    errors: [{ path: "/body/scope", message: "names no scope that the client holds" }],
  },
  invalid_audience: {
    message: "`audience` does not name an account of this server.",
    errors: [{ path: "/body/audience", message: "must be {server}/v1/accounts/{account_id}" }],
  },
  simulated_not_allowed: {
    message: "This account may not register that virtual terminal.",
    errors: [
      {
        path: "/body/device_serial_number",
        message: "must be SIMULATED-{account id}-{3 digits}, on a sandbox account",
      },
    ],
  },
  store_suspended: {
    message: "The store is suspended; no terminal is put into it.",
    errors: [{ path: "/body/store_id", message: "is suspended" }],
  },
  STORE_NOT_ACTIVE: {
    message: "The terminal's store is suspended.",
    errors: [{ path: "/path/terminal_id", message: "belongs to a store that is suspended" }],
  },
  payout_destination_not_found: {
    message: "There is no such payout destination.",
    errors: [{ path: "/body/payout_destination/payout_destination_id", message: "does not exist" }],
  },
  payout_destination_rules: {
    message: "The store's details belong to its payout destination.",
    errors: [{ path: "/body/organization/country", message: "must equal the country of the payout destination" }],
  },
  organization_not_registered: {
    message: "The public register does not know this organization.",
    errors: [{ path: "/body/organization/organization_number", message: "is not in the public register" }],
  },
  organization_dissolved: {
    message: "This organization is not in business any more.",
    errors: [
      {
        path: "/body/organization/organization_number",
        message: "is deleted, bankrupt or being wound up according to the public register",
      },
    ],
  },
  missing_token: { message: "The request carries no access token.", errors: [] },
  invalid_token: { message: "The access token is not accepted. It has expired.", errors: [] },
  invalid_client: { message: "Client id, secret or account is wrong.", errors: [] },
  insufficient_scope: { message: "The token needs one of the scopes: admin:accounts, write:accounts.", errors: [] },
  scope_not_held: {
    message: "The token does not cover admin:checkout, so it can neither give that nor take it away.",
    errors: [{ path: "/body/scope/1", message: "is not covered by the token's own scopes" }],
  },
  not_own_grant: { message: "The grant is the operator's: this account can end it, and not change it.", errors: [] },
  audience_not_granted: { message: "The client holds no grant for this audience.", errors: [] },
  operator_only: { message: "On a live account only its operator moves the case of a payout destination.", errors: [] },
  not_found: { message: "There is nothing at this address; the reference at /docs lists all addresses.", errors: [] },
  account_not_found: { message: "There is no such account.", errors: [] },
  store_not_found: { message: "There is no such store.", errors: [] },
  terminal_not_found: { message: "There is no such terminal.", errors: [] },
  unknown_payout_destination: { message: "There is no such payout destination.", errors: [] },
  closing_not_found: { message: "There is no such closing.", errors: [] },
  hook_subscription_not_found: { message: "There is no such webhook subscription.", errors: [] },
  hook_delivery_not_found: { message: "There is no such delivery.", errors: [] },
  too_many_subscriptions: { message: "An account has at most 100 webhook subscriptions.", errors: [] },
  mail_link_not_found: { message: "No mail has this link.", errors: [] },
  report_not_found: { message: "The closing has no report with this number.", errors: [] },
  not_acceptable: { message: "It comes as application/json, text/csv or text/html.", errors: [] },
  operation_not_found: { message: "There is no such operation.", errors: [] },
  TERMINAL_NOT_RETRYABLE: {
    message: "The terminal cannot be synced now.",
    errors: [
      {
        path: "/path/terminal_id",
        message: "has been ADDING for less than 10 minutes",
        terminal_status: "PENDING",
        terminal_status_reason: "ADDING",
        retryable_at: "2026-11-27T12:10:01Z",
      },
    ],
  },
  payout_destination_archived: { message: "An archived payout destination does not change any more.", errors: [] },
  client_not_found: { message: "There is no such client.", errors: [] },
  client_secret_not_found: { message: "The client has no such secret.", errors: [] },
  client_grant_not_found: { message: "There is no such client grant.", errors: [] },
  method_not_allowed: { message: "DELETE is not allowed here, only GET, HEAD.", errors: [] },
  account_id_taken: {
    message: "The account P12345678 exists already.",
    errors: [{ path: "/body/account_id", message: "is taken" }],
  },
  client_id_taken: {
    message: "A client with this client_id exists already in the account.",
    errors: [{ path: "/body/client_id", message: "is taken" }],
  },
  last_admin_client: {
    message:
      "The account would have no client left that holds admin:accounts and admin:checkout and has a secret. Make another one first.",
    errors: [],
  },
  client_grant_exists: { message: "The client holds a grant for this account already.", errors: [] },
  too_many_secrets: { message: "A client has at most 5 valid secrets.", errors: [] },
  store_id_taken: {
    message: "A store with this store_id exists already.",
    errors: [{ path: "/body/store_id", message: "is taken" }],
  },
  store_has_terminals: { message: "There are live terminals in this store.", errors: [] },
  serial_number_taken: {
    message: "A terminal with this serial number is registered already.",
    errors: [{ path: "/body/device_serial_number", message: "is taken" }],
  },
  clock_cannot_go_back: {
    message: "The sandbox's time is at or beyond that instant already.",
    errors: [{ path: "/body/set_to", message: "must be after 2026-06-29T21:29:00.000Z" }],
  },
  snapshot_too_large: { message: "The account has more than 1000 stores or terminals.", errors: [] },
  close_under_way: { message: "An operation is closing the day at this terminal.", errors: [] },
  clock_is_real: { message: "There are live accounts on this database, and their time is real.", errors: [] },
  payout_destination_id_taken: {
    message: "A payout destination with this id exists already.",
    errors: [{ path: "/body/payout_destination_id", message: "is taken" }],
  },
  case_status_not_allowed: {
    message: "A case cannot move from ACTIVE to ARCHIVED.",
    errors: [
      {
        path: "/body/case_status",
        message: "is not reached from here",
        from: "ACTIVE",
        to: "ARCHIVED",
        allowed: ["UNDER_MANUAL_REVIEW", "WAITING_FOR_DECLARATION", "WAITING_FOR_DETAILS", "TERMINATED"],
      },
    ],
  },
  operation_pending: {
    message: "The terminal is busy with end_of_day.",
    errors: [
      {
        path: "/body/terminal_id",
        message: "has a pending operation",
        blocker: {
          id: "3f1a9c2e-8b7d-4f6a-9c1e-2d5b8a0f4e6c",
          operation: "end_of_day",
          created_by: "d0b4cbd5-0d0c-4a0f-9a57-4c7f0d8f6a11",
          deadline: "2026-06-29T21:03:00.000Z",
          phase: "started",
          expected_end: "2026-06-29T21:00:09.000Z",
        },
      },
    ],
  },
  operation_ended: { message: "The operation has ended as COMPLETED.", errors: [] },
  operation_not_allowed: { message: "A terminal that is PENDING does not accept check_update.", errors: [] },
  operation_unsupported: {
    message: "The terminal's device cannot do open_menu.",
    errors: [
      { path: "/body/operation", message: "is nothing that the terminal's device can do", supported: ["check_update"] },
    ],
  },
  activation_running: {
    message: "The terminal is being activated already.",
    errors: [
      {
        path: "/path/terminal_id",
        message: "has a running activation",
        running: {
          id: "01a21e91-b77a-70a5-9263-48d2f411b13e",
          created_by: "d0b4cbd5-0d0c-4a0f-9a57-4c7f0d8f6a11",
          attempt: 1,
        },
      },
    ],
  },
  virtual_terminal: { message: "A virtual terminal has its credential from the server itself.", errors: [] },
  events_gone: {
    message: "That event is not there; read the state anew.",
    errors: [{ path: "/query/starting_after", message: "names no event that is kept" }],
  },
  precondition_failed: {
    message: "It has changed since it was read: read it again, and send the change with the new `ETag`.",
    errors: [{ path: "/headers/if-match", message: "names no tag that is present" }],
  },
  body_too_large: { message: "The body is larger than this server accepts.", errors: [] },
  unsupported_media_type: { message: "This content type is not accepted here.", errors: [] },
  idempotency_key_reused: {
    message: "This Idempotency-Key came with another request before.",
    errors: [{ path: "/headers/idempotency-key", message: "belongs to another request" }],
  },
  too_many_requests: { message: "Too many requests; try again after `Retry-After`.", errors: [] },
  headers_too_large: { message: "The headers are larger than this server accepts.", errors: [] },
  internal_error: { message: "Something went wrong on our side.", errors: [] },
  register_unavailable: {
    message: "The public register of organizations cannot be asked right now.",
    errors: [
      { path: "/body/organization/organization_number", message: "could not be looked up in the public register" },
    ],
  },
  service_unavailable: { message: "The service is briefly unavailable; try again.", errors: [] },
  session_replaced: { message: "Another session of this terminal has begun.", errors: [] },
  pairing_refused: { message: "The serial number and the code do not pair.", errors: [] },
  invalid_proof: {
    message: "The proof is not accepted; see `errors`.",
    errors: [{ path: "/body/proof", message: "is not a compact JWS" }],
  },
  device_unchanged: {
    message: "The terminal is this device already.",
    errors: [{ path: "/body/device_serial_number", message: "is the terminal's own" }],
  },
  log_exists: { message: "The operation has another log already.", errors: [] },
  upload_replaced: { message: "A newer upload took its place, or its time was over; nothing was kept.", errors: [] },
  log_too_large: { message: "The log has more than 64 MiB as sent; nothing was kept.", errors: [] },
  invalid_digest: {
    message: "The body is not the one that its digest was made of; nothing was kept.",
    errors: [{ path: "/headers/content-digest", message: "is not the digest of the bytes that came" }],
  },
  invalid_log: { message: "The body is not a whole gzip file; nothing was kept.", errors: [] },
  storage_full: { message: "The server has no room for the file; nothing was kept.", errors: [] },
  log_not_found: { message: "The terminal has no such log.", errors: [] },
  release_not_found: { message: "There is no such release.", errors: [] },
  release_file_not_found: { message: "The release has no file.", errors: [] },
  release_key_not_found: { message: "There is no such release key.", errors: [] },
  configuration_not_found: { message: "There is no such configuration.", errors: [] },
  release_exists: {
    message: "The account has a release of this model and version.",
    errors: [{ path: "/body/version", message: "is taken" }],
  },
  release_not_draft: { message: "The release has its file already.", errors: [] },
  release_key_exists: {
    message: "The account has, or had, this release key.",
    errors: [
      { path: "/body/public_key", message: "is registered", key_id: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" },
    ],
  },
  range_not_satisfiable: {
    message: "The range begins after the end of the file.",
    errors: [{ path: "/headers/range", message: "the file has 48213 bytes" }],
  },
  invalid_signature: {
    message: "The release is not signed by a live release key of the account.",
    errors: [{ path: "/body/key_id", message: "is not a live release key" }],
  },
  file_mismatch: {
    message: "The file is not the one that was announced; nothing was kept.",
    errors: [{ path: "/body", message: "has 12 bytes, not 48213" }],
  },
  invalid_grant: { message: "The code is not accepted.", errors: [] },
  missing_session: { message: "Nobody is signed in.", errors: [] },
  sign_in_refused: { message: "E-mail address or password is wrong.", errors: [] },
  code_required: { message: "A code of the authenticator is missing.", errors: [] },
  code_refused: { message: "The code is wrong, or does not count any more.", errors: [] },
  secure_page_required: {
    message: "The page came by plain HTTP from another machine, and there browsers do not say which page asks.",
    errors: [],
  },
  cross_origin_refused: { message: "The request comes from a page of another origin.", errors: [] },
  sign_in_link_not_found: { message: "This link does not work, or does not work any more.", errors: [] },
  sign_in_provider_not_found: { message: "This server has no provider to sign in at.", errors: [] },
  session_not_found: { message: "There is no such session.", errors: [] },
  totp_not_found: { message: "There is no authenticator.", errors: [] },
  totp_active: { message: "There is an authenticator already.", errors: [] },
  user_not_found: { message: "There is no such user.", errors: [] },
  user_exists: {
    message: "The account has a user with this e-mail address.",
    errors: [{ path: "/body/email", message: "is taken" }],
  },
  last_admin_user: { message: "This user is the account's last admin.", errors: [] },
  user_not_active: {
    message: "The user has not accepted the invitation yet.",
    errors: [{ path: "/body/purpose", message: "must be invitation" }],
  },
  sign_in_locked: { message: "Too many attempts have failed; wait before the next one.", errors: [] },
};
