import type { AbilityTable } from "@tillkeeper/contract/abilities";
import type { ActivationStatus } from "@tillkeeper/contract/activations";
import type { GrantType } from "@tillkeeper/contract/http/client-grants";
import type { OperationReason } from "@tillkeeper/contract/operation-reasons";
import type {
  OperationError,
  OperationName,
  OperationParameters,
  OperationStatus,
  WhenBusy,
} from "@tillkeeper/contract/operations";
import type { OpenBatch } from "@tillkeeper/contract/telemetry";
import type { LiveStatus, TerminalStatus, TerminalStatusReason } from "@tillkeeper/contract/terminal-status";
import type { ColumnType, Generated } from "kysely";
import type { AuditTables } from "./audit-tables.ts";
import type { ClosingTables } from "./closing-tables.ts";
import type { EventTables } from "./event-tables.ts";
import type { HookTables } from "./hook-tables.ts";
import type { Json } from "./json-column.ts";
import type { LogTables } from "./log-tables.ts";
import type { MailTables } from "./mail-tables.ts";
import type { MerchantTables } from "./merchant-tables.ts";
import type { PairingTables } from "./pairing-tables.ts";
import type { PeopleTables } from "./people-tables.ts";
import type { PresenceTables } from "./presence-tables.ts";
import type { SandboxTables } from "./sandbox-tables.ts";
import type { UpdateTables } from "./update-tables.ts";

/** The tables as `db/migrations` leaves them. */
export interface Tables
  extends AuditTables,
    ClosingTables,
    EventTables,
    HookTables,
    LogTables,
    MailTables,
    MerchantTables,
    PairingTables,
    PeopleTables,
    PresenceTables,
    SandboxTables,
    UpdateTables {
  accounts: {
    account_id: string;
    name: string;
    operator_account_id: string | null;
    last_store_number: Generated<number>;
    last_terminal_number: Generated<number>;
    last_configuration_number: Generated<number>;
    /** The default of its stores, by an IANA name in today's spelling. */
    time_zone: string | null;
    created_at: Date;
    /** What a reset takes a sandbox account back to; null: what a new sandbox has. */
    sandbox_snapshot: ColumnType<object | null, string | null | undefined, string | null>;
  };
  clients: {
    account_id: string;
    id: string;
    client_id: string;
    name: string | null;
    description: string | null;
    callbacks: string[];
    created_at: Date;
    created_by: string;
    updated_at: Date;
    updated_by: string;
    revoked_at: Date | null;
  };
  client_secrets: {
    account_id: string;
    client_id: string;
    secret_id: string;
    secret_hash: string;
    chosen: boolean;
    last_four: string | null;
    created_at: Date;
    revoked_at: Date | null;
    /** When it ends, since a rotation replaced it. */
    expires_at: Generated<Date | null>;
  };
  client_grants: {
    account_id: string;
    id: string;
    client_id: string;
    /** The client's `id`. */
    client_ref: string;
    audience_account_id: string;
    /** As the caller wrote it; null for grants that were created with their client. */
    audience: string | null;
    scopes: string[];
    /** The scopes as they were set, with those that the server only keeps; null: `scopes` are all. */
    asked_scopes: Generated<string[] | null>;
    type: Generated<GrantType>;
    oidc: ColumnType<Record<string, unknown> | null, string | null | undefined, never>;
    created_at: Date;
    created_by: string;
    updated_at: Date;
    updated_by: string;
    removed_at: Date | null;
    narrowed_at: Date | null;
  };
  signing_keys: {
    kid: string;
    public_jwk: Json<Record<string, unknown>>;
    /** Plain key from a server of an earlier version; the next start encrypts it. */
    private_jwk: ColumnType<Record<string, unknown> | null, null | undefined, null>;
    encrypted_private_jwk: string | null;
    created_at: Date;
    retired_at: Date | null;
  };
  /** One row for all servers. */
  file_place: { one: Generated<true>; id: string; created_at: Generated<Date> };
  /** One row for all servers. */
  root_key: { one: Generated<true>; fingerprint: string; created_at: Generated<Date> };
  terminals: {
    account_id: string;
    terminal_id: string;
    number: number;
    id: string;
    store_ref: string;
    device_serial_number: string;
    device_model: string | null;
    /** The number of the last address that was given; 0 before the first. */
    last_device: Generated<number>;
    simulated: boolean;
    status: TerminalStatus;
    status_reason: TerminalStatusReason | null;
    /** Its last activation was exhausted: ERROR is shown with `SYNC_ERROR`. */
    sync_failed: Generated<boolean>;
    /** Since when its present device has not paired, in business time; keeps its value after that. */
    pending_since: Generated<Date>;
    /** Set while INACTIVE: the status that the terminal returns to. */
    status_before_inactive: LiveStatus | null;
    created_at: Date;
    created_by: string;
    updated_at: Date;
    deleted_at: Date | null;
    deleted_by: string | null;
  };
  terminal_credentials: {
    account_id: string;
    terminal_id: string;
    /** Changes whenever the credential is replaced. */
    address: string;
    /** Digest of a password; null when the credential is a public key. */
    secret_sha256: Buffer | null;
    /** Key of the paired device; the serial number is that device's, too. */
    public_key: Json<Record<string, unknown>> | null;
    device_serial_number: string | null;
    created_at: Date;
    /** For a deleted terminal: the operation with whose end the credential ends. */
    ends_with: ColumnType<string | null, string | null | undefined>;
    /**
     * When its tokens expire unless another is issued; after that, when the broker is next told to end its connection.
     * Null: nothing to do.
     */
    lapse_due_at: ColumnType<Date | null, Date | null | undefined>;
    /** Since when its tokens have expired. */
    lapsed_at: ColumnType<Date | null, Date | null | undefined>;
    /** How often a token was issued after an expiry. */
    token_lapses: Generated<number>;
  };
  /** Every address that was given, and how much of its device's journal the server holds (docs/adr/0026). */
  terminal_addresses: {
    account_id: string;
    address: string;
    terminal_id: string;
    created_at: Date;
    /** Key of a device that was replaced. */
    former_key: Json<Record<string, unknown>> | null;
    left_at: ColumnType<Date | null, never, Date>;
    number: Generated<number>;
    last_id: ColumnType<string | null, never, never>;
    last_close: ColumnType<string | null, never, never>;
    /** The abilities that its device named in the last hello. */
    abilities: ColumnType<AbilityTable, never, string | null>;
    /** What was open at its device when another one replaced it, and when the server heard that. */
    open_batch: ColumnType<OpenBatch | null, never, string>;
    open_batch_at: ColumnType<Date | null, never, Date>;
  };
  business_clock: { one: Generated<true>; ahead_ms: number; since: Generated<Date>; rate: Generated<number> };
  /** Each time that the database went back to an earlier moment. */
  database_restores: { id: string; at: Date; how: "told" | "noticed" };
  /** Maintained by triggers. */
  terminal_search: { account_id: string; number: number; text: string };
  activations: {
    account_id: string;
    id: string;
    terminal_id: string;
    store_id: string;
    status: ActivationStatus;
    attempt: number;
    look_at: Date;
    ask_at: Date;
    created_at: Date;
    created_by: string;
    updated_at: Date;
    updated_by: string;
  };
  operations: {
    account_id: string;
    id: string;
    terminal_id: string;
    operation: OperationName;
    status: OperationStatus;
    parameters: Json<OperationParameters>;
    deadline: Date;
    created_at: Date;
    created_by: string;
    updated_at: Date;
    updated_by: string;
    when_busy: WhenBusy | null;
    dispatched_at: Date | null;
    delivered_at: Date | null;
    started_at: Date | null;
    answered_at: Date | null;
    cancel_requested_at: Date | null;
    cancel_requested_by: string | null;
    cancel_refused_at: Date | null;
    result: Json<unknown> | null;
    reason: OperationReason | null;
    error: Json<OperationError> | null;
    late_result: Json<unknown> | null;
    /** The database had lost it; the terminal's result restored it. */
    recovered: Generated<boolean>;
    /** It FAILED after it was begun; whether it was completed is unknown. */
    unknown_end: Generated<boolean>;
    /** `terminals.store_ref` when it was accepted, or recovered; null for rows from before this column. */
    store_ref: string | null;
    /** When a terminal told its late result, or, of a recovered one, told of it. */
    told_late_at: Date | null;
  };
  /** The claim of a live operation on its terminal, and its idempotency key: docs/adr/0011. */
  operation_claims: {
    account_id: string;
    operation_id: string;
    terminal_id: string | null;
    client_id: string;
    /** Digest of the client and its idempotency key. */
    request_key: Buffer | null;
    request_sha256: Buffer | null;
    operation: OperationName;
    device_model: string | null;
    created_at: Date;
    deadline: Date | null;
    due_at: Date | null;
    attempts: number;
    /**
     * For an `end_of_day`: address of the only device that may run it. Null: the operation is for the terminal's
     * present device.
     */
    address: string | null;
    /** The last close of that address that was known when the operation was accepted. */
    previous_close: string | null;
    /** Its place in a trace; null where none is recorded. */
    traceparent: string | null;
    dispatched_at: Date | null;
    delivered_at: Date | null;
    started_at: Date | null;
    cancel_requested_at: Date | null;
    cancel_requested_by: string | null;
    cancel_refused_at: Date | null;
    /** When a result arrived whose facts could not be read. */
    invalid_result_at: Date | null;
    /** What could not be read of it: the error of the operation if no other result comes. */
    invalid_result: Json<OperationError> | null;
  };
  operation_durations: {
    day: ColumnType<Date, string, never>;
    operation: OperationName;
    device_model: string;
    bucket: number;
    count: ColumnType<string, number, number>;
  };
}
