import { type Kysely, type Selectable, sql } from "kysely";
import { batchTable } from "../../db/batch-table.ts";
import type { Tables } from "../../db/tables/schema.ts";

export type AuditRow = Selectable<Tables["audit_log"]>;

export interface AuditFilter {
  actor?: string;
  action?: string;
  subject_type?: string;
  subject_id?: string;
  at_gte?: Date;
  before?: Date;
  /** Entries below this number. */
  below?: number;
  limit: number;
}

/** Newest first. */
export function listEntries(db: Kysely<Tables>, accountId: string, filter: AuditFilter): Promise<AuditRow[]> {
  let query = db
    .selectFrom("audit_log")
    .selectAll()
    .where("account_id", "=", accountId)
    .orderBy("seq", "desc")
    .limit(filter.limit);
  if (filter.actor !== undefined) query = query.where("actor", "=", filter.actor);
  if (filter.action !== undefined) query = query.where("action", "=", filter.action);
  if (filter.subject_type !== undefined) query = query.where("subject_type", "=", filter.subject_type);
  if (filter.subject_id !== undefined) query = query.where("subject_id", "=", filter.subject_id);
  if (filter.at_gte !== undefined) query = query.where("at", ">=", filter.at_gte);
  if (filter.before !== undefined) query = query.where("at", "<", filter.before);
  if (filter.below !== undefined) query = query.where("seq", "<", String(filter.below));
  return query.execute();
}

/** Entries above a number, oldest first. */
export function readChain(
  db: Kysely<Tables>,
  { accountId, above, limit }: { accountId: string; above: string | undefined; limit: number },
): Promise<AuditRow[]> {
  let query = db.selectFrom("audit_log").selectAll().where("account_id", "=", accountId).orderBy("seq").limit(limit);
  if (above !== undefined) query = query.where("seq", ">", above);
  return query.execute();
}

/** What the database holds at the place of a checkpoint's head. */
export interface StoredHead {
  account_id: string;
  /** Whether the account has a row. */
  known: boolean;
  /** Hash of the entry with the head's number. */
  hash: Buffer | null;
  /** The number of the last entry. */
  end: string | null;
}

const asked = batchTable<{ account: string; seq: number }>({
  account_id: ["text", (head) => head.account],
  seq: ["bigint", (head) => head.seq],
});

/** Reads what the database holds at the heads of a checkpoint. */
export async function findStoredHeads(
  db: Kysely<Tables>,
  heads: readonly { account: string; seq: number }[],
): Promise<StoredHead[]> {
  const { rows } = await sql<StoredHead>`
    select asked.account_id, accounts.account_id is not null as known, audit_log.hash,
      (select seq from audit_log where account_id = asked.account_id order by seq desc limit 1) as "end"
    from ${asked.of(heads, "asked")}
    left join accounts on accounts.account_id = asked.account_id
    left join audit_log on audit_log.account_id = asked.account_id and audit_log.seq = asked.seq`.execute(db);
  return rows;
}
