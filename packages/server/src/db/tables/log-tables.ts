import type { ColumnType } from "kysely";

/** The tables of log bundles. */
export interface LogTables {
  terminal_logs: {
    account_id: string;
    id: string;
    terminal_id: string;
    operation_id: string;
    device_serial_number: string;
    state: "receiving" | "stored" | "removing";
    received_sha256: Buffer;
    name: string;
    size: ColumnType<string | null, number | undefined, number>;
    unpacked_size: ColumnType<string | null, number | undefined, number>;
    sha256: ColumnType<string | null, string | undefined, string>;
    masked_count: ColumnType<string | null, number | undefined, number>;
    created_at: Date;
  };
}
