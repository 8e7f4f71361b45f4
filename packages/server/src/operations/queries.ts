import type { OperationName, OperationStatus } from "@tillkeeper/contract/operations";
import type { TerminalStatus } from "@tillkeeper/contract/terminal-status";
import type { Kysely, Selectable } from "kysely";
import type { Tables } from "../db/schema.ts";

export type OperationRow = Selectable<Tables["operations"]>;

export interface OperationFilter {
  terminal_id?: string;
  operation_id?: string;
  store_id?: string;
  operation?: OperationName;
  status?: OperationStatus;
  created_at_gte?: Date;
  created_at_lte?: Date;
  starting_after?: string;
  limit: number;
}

/** Newest first: ids are ordered by time. */
export function listOperations(
  db: Kysely<Tables>,
  accountId: string,
  filter: OperationFilter,
): Promise<OperationRow[]> {
  let query = db
    .selectFrom("operations")
    .selectAll()
    .where("account_id", "=", accountId)
    .orderBy("id", "desc")
    .limit(filter.limit);
  if (filter.terminal_id !== undefined) query = query.where("terminal_id", "=", filter.terminal_id);
  if (filter.operation_id !== undefined) query = query.where("id", "=", filter.operation_id);
  if (filter.operation !== undefined) query = query.where("operation", "=", filter.operation);
  if (filter.status !== undefined) query = query.where("status", "=", filter.status);
  if (filter.created_at_gte !== undefined) query = query.where("created_at", ">=", filter.created_at_gte);
  if (filter.created_at_lte !== undefined) query = query.where("created_at", "<=", filter.created_at_lte);
  if (filter.starting_after !== undefined) query = query.where("id", "<", filter.starting_after);
  if (filter.store_id !== undefined)
    query = query.where("terminal_id", "in", terminalsOfStore(db, accountId, filter.store_id));
  return query.execute();
}

function terminalsOfStore(db: Kysely<Tables>, accountId: string, storeId: string) {
  return db
    .selectFrom("terminals")
    .innerJoin("stores", (join) =>
      join.onRef("stores.account_id", "=", "terminals.account_id").onRef("stores.id", "=", "terminals.store_ref"),
    )
    .select("terminals.terminal_id")
    .where("terminals.account_id", "=", accountId)
    .where((eb) => eb.or([eb("stores.store_id", "=", storeId), eb("stores.id", "=", storeId)]));
}

export function findOperation(db: Kysely<Tables>, accountId: string, id: string): Promise<OperationRow | undefined> {
  return db
    .selectFrom("operations")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("id", "=", id)
    .executeTakeFirst();
}

export function findByIdempotencyKey(
  db: Kysely<Tables>,
  accountId: string,
  clientId: string,
  key: string,
): Promise<OperationRow | undefined> {
  return db
    .selectFrom("operations")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("client_id", "=", clientId)
    .where("idempotency_key", "=", key)
    .executeTakeFirst();
}

export function findPending(
  db: Kysely<Tables>,
  accountId: string,
  terminalId: string,
): Promise<OperationRow | undefined> {
  return db
    .selectFrom("operations")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .where("status", "=", "PENDING")
    .executeTakeFirst();
}

export async function terminalStatus(
  db: Kysely<Tables>,
  accountId: string,
  terminalId: string,
): Promise<TerminalStatus | undefined> {
  const row = await db
    .selectFrom("terminals")
    .select("status")
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .executeTakeFirst();
  return row?.status;
}

/** Keeps the first answer that came after TIMEOUT; the state stays. */
export async function recordLateResult(
  db: Kysely<Tables>,
  { accountId, id, late }: { accountId: string; id: string; late: object },
): Promise<void> {
  await db
    .updateTable("operations")
    .set({ late_result: JSON.stringify(late) })
    .where("account_id", "=", accountId)
    .where("id", "=", id)
    .where("status", "=", "TIMEOUT")
    .where("late_result", "is", null)
    .execute();
}

/** Forgets idempotency keys of operations created before `before`; answers how many. */
export async function forgetKeys(db: Kysely<Tables>, before: Date): Promise<bigint> {
  const forgotten = await db
    .updateTable("operations")
    .set({ idempotency_key: null })
    .where("idempotency_key", "is not", null)
    .where("created_at", "<", before)
    .executeTakeFirst();
  return forgotten.numUpdatedRows;
}
