import type { ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import type { ReleaseStatus } from "@tillkeeper/contract/releases";
import type { ColumnType } from "kysely";
import type { Json } from "./json-column.ts";

/** The tables of releases and configurations. */
export interface UpdateTables {
  release_keys: {
    account_id: string;
    key_id: string;
    name: string;
    public_key: Json<ReleasePublicKey>;
    created_at: Date;
    created_by: string;
    revoked_at: Date | null;
    revoked_by: string | null;
  };
  releases: {
    account_id: string;
    id: string;
    device_model: string;
    version: string;
    size: number;
    sha256: string;
    signature: string;
    key_id: string;
    notes: string | null;
    status: ReleaseStatus;
    available_at: Date | null;
    file_removed_at: ColumnType<Date | null, undefined, Date>;
    created_at: Date;
    created_by: string;
    updated_at: Date;
    updated_by: string;
  };
  configurations: {
    account_id: string;
    version: number;
    device_model: string | null;
    store_ref: string | null;
    content: Json<Record<string, unknown>>;
    created_at: Date;
    created_by: string;
    withdrawn_at: ColumnType<Date | null, undefined, Date>;
    withdrawn_by: ColumnType<string | null, undefined, string>;
  };
  /** What terminals said they run, at their last check_update. */
  terminal_software: {
    account_id: string;
    terminal_id: string;
    software_version: string | null;
    configuration_version: string | null;
    reported_at: Date;
  };
}
