import type { ColumnType, Generated } from "kysely";

/** The tables of the audit log. */
export interface AuditTables {
  audit_log: {
    account_id: string;
    seq: ColumnType<string, number, never>;
    at: Date;
    actor: string;
    action: string;
    subject_type: string;
    subject_id: string;
    entry: string;
    previous_hash: Buffer;
    hash: Buffer;
  };
  /** One row for all servers: the newest checkpoint. */
  audit_checkpoint: {
    one: Generated<true>;
    number: ColumnType<string, number, number>;
    at: Date | null;
    digest: string | null;
    claimed_until: Date | null;
  };
  audit_heads: { account_id: string; seq: ColumnType<string, number, number>; hash: Buffer };
}
