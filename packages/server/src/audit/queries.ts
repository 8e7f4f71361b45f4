import type { Kysely, Selectable } from "kysely";
import type { Tables } from "../db/schema.ts";

export type AuditRow = Selectable<Tables["audit_log"]>;

export interface AuditFilter {
  actor?: string;
  action?: string;
  subject_type?: string;
  subject_id?: string;
  at_gte?: Date;
  at_lte?: Date;
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
  if (filter.at_lte !== undefined) query = query.where("at", "<=", filter.at_lte);
  if (filter.below !== undefined) query = query.where("seq", "<", String(filter.below));
  return query.execute();
}

/** Oldest first, above a number: for reading a chain through. */
export function readChain(
  db: Kysely<Tables>,
  { accountId, above, limit }: { accountId: string; above: string | undefined; limit: number },
): Promise<AuditRow[]> {
  let query = db.selectFrom("audit_log").selectAll().where("account_id", "=", accountId).orderBy("seq").limit(limit);
  if (above !== undefined) query = query.where("seq", ">", above);
  return query.execute();
}
