import type { AttemptRefusal } from "@tillkeeper/contract/closings/facts";
import type { ReportChange } from "@tillkeeper/contract/http/closing-reports";
import type { ExpectedTotals } from "@tillkeeper/contract/http/closing-schemas";
import type { WhenBusy } from "@tillkeeper/contract/operations";
import type { ColumnType, Generated } from "kysely";

/** Tables of closings: docs/adr/0038-closings.md. */
export interface ClosingTables {
  closings: {
    account_id: string;
    id: string;
    store_ref: string;
    /** YYYY-MM-DD. */
    business_day: ColumnType<Date, string, never>;
    day_starts_at: Date;
    day_ends_at: Date;
    time_zone: string;
    created_at: Date;
    created_by: string;
    asked_at: Date;
    asked_by: string;
    retry_until: Date;
    when_busy: WhenBusy | null;
    expected: ColumnType<ExpectedTotals[] | null, string | null, string | null>;
    look_at: Date | null;
    ended_at: ColumnType<Date | null, null | undefined, Date | null>;
    cancelled_at: ColumnType<Date | null, null | undefined, Date | null>;
    cancelled_by: ColumnType<string | null, null | undefined, string | null>;
    /** Digest of the standing that was last told as an event. */
    told: ColumnType<string | null, null | undefined, string | null>;
    /** When it is looked at next whether a report is to be made; null: never was; infinity: when it changes. */
    report_at: ColumnType<Date | null, null | undefined, Date | null>;
  };
  closing_terminals: {
    account_id: string;
    closing_id: string;
    terminal_id: string;
    asked_at: Date | null;
    again: Generated<boolean>;
    frozen: ColumnType<object | null, null | undefined, string | null>;
  };
  closing_attempts: {
    account_id: string;
    closing_id: string;
    terminal_id: string;
    n: number;
    at: Date;
    asked_by: string;
    when_busy: WhenBusy | null;
    expected_close: string | null;
    request_key: Generated<string>;
    operation_id: string | null;
    refused: AttemptRefusal | null;
  };
  /** docs/adr/0042-autopilot.md. */
  store_autopilot: {
    account_id: string;
    store_ref: string;
    business_day: ColumnType<Date | null, string | null, string | null>;
    asked_at: Date | null;
    until: Date | null;
    look_at: Generated<Date>;
    version: Generated<string>;
  };
  /** One row for all servers. */
  closing_news: { one: Generated<boolean>; place: string };
  closing_requests: {
    account_id: string;
    client_id: string;
    request_key: string;
    request_sha256: Buffer;
    closing_id: string;
    created_at: Date;
  };
  closing_reports: {
    account_id: string;
    store_ref: string;
    number: number;
    closing_id: string;
    /** YYYY-MM-DD. */
    business_day: ColumnType<Date, string, never>;
    corrects: number | null;
    made_at: Date;
    /** A ReportBody as JSON, of which `sha256` is the digest, byte for byte. */
    body: string;
    sha256: string;
    changes: ColumnType<ReportChange[], string, never>;
  };
  closing_report_numbers: {
    account_id: string;
    store_ref: string;
    last_number: number;
  };
}
