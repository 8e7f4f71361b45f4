import type { EndOfDayResult, OperationName, OperationStatus } from "@tillkeeper/contract/operations";
import type { TerminalStatus } from "@tillkeeper/contract/terminal-status";
import { type Kysely, type Selectable, sql } from "kysely";
import type { Tables } from "../db/tables/schema.ts";
import { lowestId } from "../platform/ids.ts";
import type { Device } from "../terminals/record/devices.ts";
import type { Command } from "./sql/claim-messages.ts";
import { presentAddressOf } from "./sql/fragments.ts";

export type OperationRow = Selectable<Tables["operations"]>;
export type ClaimRow = Selectable<Tables["operation_claims"]>;
/** The claim of a terminal's live operation. */
export type LiveClaim = ClaimRow & { deadline: Date };

export interface OperationFilter {
  terminal_id?: string;
  operation_id?: string;
  store_id?: string;
  operation?: OperationName;
  status?: OperationStatus;
  created_at_gte?: Date;
  created_before?: Date;
  starting_after?: string;
  limit: number;
}

/** Lists operations, newest first: ids are ordered by time. */
export function listOperations(
  db: Kysely<Tables>,
  accountId: string,
  filter: OperationFilter,
): Promise<OperationRow[]> {
  let query = selectOperations(db, accountId).orderBy("operations.id", "desc").limit(filter.limit);
  if (filter.terminal_id !== undefined) query = query.where("operations.terminal_id", "=", filter.terminal_id);
  if (filter.operation_id !== undefined) query = query.where("operations.id", "=", filter.operation_id);
  if (filter.operation !== undefined) query = query.where("operations.operation", "=", filter.operation);
  if (filter.status !== undefined) query = query.where("status", "=", filter.status);
  // Few operations are live, and each has a claim.
  if (filter.status === "PENDING") query = query.where("operations.id", "in", liveIds(db, accountId));
  // By id, which is the order of the index and of the partitions.
  if (filter.created_at_gte !== undefined) query = query.where("operations.id", ">=", lowestId(filter.created_at_gte));
  if (filter.created_before !== undefined) query = query.where("operations.id", "<", lowestId(filter.created_before));
  if (filter.starting_after !== undefined) query = query.where("operations.id", "<", filter.starting_after);
  if (filter.store_id !== undefined)
    query = query.where("operations.terminal_id", "in", terminalsOfStore(db, accountId, filter.store_id));
  return query.execute();
}

function liveIds(db: Kysely<Tables>, accountId: string) {
  return db
    .selectFrom("operation_claims")
    .select("operation_id")
    .where("account_id", "=", accountId)
    .where("terminal_id", "is not", null);
}

/** While an operation is live, its phases are in its claim. */
function selectOperations(db: Kysely<Tables>, accountId: string) {
  return db
    .selectFrom("operations")
    .leftJoin("operation_claims as claim", (join) =>
      join
        .onRef("claim.account_id", "=", "operations.account_id")
        .onRef("claim.operation_id", "=", "operations.id")
        .on("operations.status", "=", "PENDING"),
    )
    .selectAll("operations")
    .select((eb) => [
      eb.fn.coalesce("operations.dispatched_at", "claim.dispatched_at").as("dispatched_at"),
      eb.fn.coalesce("operations.delivered_at", "claim.delivered_at").as("delivered_at"),
      eb.fn.coalesce("operations.started_at", "claim.started_at").as("started_at"),
      eb.fn.coalesce("operations.cancel_requested_at", "claim.cancel_requested_at").as("cancel_requested_at"),
      eb.fn.coalesce("operations.cancel_requested_by", "claim.cancel_requested_by").as("cancel_requested_by"),
      eb.fn.coalesce("operations.cancel_refused_at", "claim.cancel_refused_at").as("cancel_refused_at"),
    ])
    .where("operations.account_id", "=", accountId);
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
  return selectOperations(db, accountId).where("operations.id", "=", id).executeTakeFirst();
}

/** The operations of an account with these ids, in no order. */
export function findOperations(db: Kysely<Tables>, accountId: string, ids: readonly string[]): Promise<OperationRow[]> {
  return selectOperations(db, accountId).where("operations.id", "in", ids).execute();
}

/** As `findOperation`. A live one neither moves nor ends until the transaction does: its claim is locked. */
export async function lockOperation(
  tx: Kysely<Tables>,
  accountId: string,
  id: string,
): Promise<OperationRow | undefined> {
  await tx
    .selectFrom("operation_claims")
    .select("operation_id")
    .where("account_id", "=", accountId)
    .where("operation_id", "=", id)
    .forUpdate()
    .execute();
  return findOperation(tx, accountId, id);
}

/** The claim that holds a client's idempotency key. */
export function findByRequestKey(
  db: Kysely<Tables>,
  accountId: string,
  requestKey: Buffer,
): Promise<ClaimRow | undefined> {
  return db
    .selectFrom("operation_claims")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("request_key", "=", requestKey)
    .executeTakeFirst();
}

/** Selects the claim of a terminal's live operation. */
export function selectLive(db: Kysely<Tables>, accountId: string, terminalId: string) {
  return db
    .selectFrom("operation_claims")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .where("deadline", "is not", null)
    .$narrowType<{ deadline: Date }>();
}

/** Among the given operations of a device, those cancelled without its answer, as commands. */
export async function cancelledAmong(
  db: Kysely<Tables>,
  { accountId, terminalId, address, ids }: Device & { ids: string[] },
): Promise<Command[]> {
  const rows = await db
    .selectFrom("operations")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("id", "in", ids)
    .where("terminal_id", "=", terminalId)
    .where("reason", "=", "cancelled")
    .where("answered_at", "is", null)
    .execute();
  return rows.map((row) => commandOf(row, address));
}

/** An operation in the form of its command to a device. */
export function commandOf(row: OperationRow, address: string): Command {
  return {
    accountId: row.account_id,
    operationId: row.id,
    terminalId: row.terminal_id,
    operation: row.operation,
    parameters: row.parameters,
    whenBusy: row.when_busy,
    createdAt: row.created_at,
    deadline: row.deadline,
    address,
    previousClose: null,
  };
}

/** Notes that a terminal refused to cancel an operation, which means that it has begun. */
export async function noteCancelRefused(
  db: Kysely<Tables>,
  { accountId, terminalId, address, id, at }: Device & { id: string; at: Date },
): Promise<void> {
  await db
    .updateTable("operation_claims")
    .set((eb) => ({
      cancel_refused_at: at,
      delivered_at: eb.fn.coalesce("delivered_at", eb.val(at)),
      started_at: eb.fn.coalesce("started_at", eb.val(at)),
    }))
    .where("account_id", "=", accountId)
    .where("operation_id", "=", id)
    .where("terminal_id", "=", terminalId)
    // A replaced device counts only if the operation was sent to that device alone.
    .where(
      sql<boolean>`coalesce(operation_claims.address, ${sql.raw(presentAddressOf("operation_claims"))}) = ${address}`,
    )
    .where("cancel_requested_at", "is not", null)
    .where("cancel_refused_at", "is", null)
    .execute();
}

/** The result of a terminal's last close that its payment host did not decline. */
export async function findLastClose(
  db: Kysely<Tables>,
  accountId: string,
  terminalId: string,
): Promise<EndOfDayResult | undefined> {
  const row = await db
    .selectFrom("operations")
    .select("result")
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .where("operation", "=", "end_of_day")
    .where("status", "=", "COMPLETED")
    .where(sql<boolean>`result ->> 'outcome' <> 'declined'`)
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return (row?.result ?? undefined) as EndOfDayResult | undefined;
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
