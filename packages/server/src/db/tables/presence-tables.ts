import type { PresenceReason, PresenceStatus } from "@tillkeeper/contract/presence";
import type { TelemetryField, TelemetryHistoryField } from "@tillkeeper/contract/telemetry";
import type { ColumnType, Generated } from "kysely";
import type { Json } from "./json-column.ts";

/** Tables of presence and telemetry: docs/adr/0015-presence.md. */
export interface PresenceTables {
  terminal_presence: {
    account_id: string;
    terminal_id: string;
    session: string;
    status: StoredPresence;
    since: Date;
    connected_at: Date;
    last_heard_at: Date;
    next_expected_at: Date | null;
    lost_at: Date | null;
    shut_down_at: Date | null;
    round_trip_ms: number | null;
    fault_code: string | null;
    fault_message: string | null;
    fault_at: Date | null;
    fault_ended_at: Date | null;
    other_session: string | null;
    returns: number;
    returned_at: Date | null;
  };
  presence_changes: {
    account_id: string;
    terminal_id: string;
    id: string;
    at: Date;
    status: StoredPresence;
    reason: PresenceReason;
  };
  /** One row for all servers. */
  presence_watch: { one: Generated<true>; since: Date; seen_at: Date; looked_at: Date };
  terminal_telemetry: {
    account_id: string;
    terminal_id: string;
    field: TelemetryField;
    value: Json<unknown>;
    since: Date;
    at: Date;
    /** Since when the terminal's device is another one than the device that reported the value. */
    device_changed_at: ColumnType<Date | null, Date | null | undefined>;
    /** The address of the device that reported the value. Null in rows that are older than the column. */
    address: ColumnType<string | null, string | null | undefined>;
  };
  telemetry_history: {
    account_id: string;
    terminal_id: string;
    id: string;
    at: Date;
    field: TelemetryHistoryField;
    value: Json<unknown>;
  };
  terminal_probes: {
    account_id: string;
    terminal_id: string;
    probe_id: string;
    created_at: Date;
    sent_at: Date | null;
    answered_at: Date | null;
  };
  /** The stores in which terminals were, without the present ones. */
  terminal_stores: {
    account_id: string;
    id: string;
    terminal_id: string;
    store_ref: string;
    used_from: Date;
    used_until: Date;
  };
}

/** Status in a row. A terminal that was never heard has no row. */
type StoredPresence = Exclude<PresenceStatus, "never">;
