import type { Operation, OperationList } from "@tillkeeper/contract/http/operations";
import { sql } from "kysely";
import type { Db } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import { ApiError } from "../platform/errors.ts";
import { cutPage } from "../platform/http/paging.ts";
import { presentOperation } from "./present.ts";
import { findOperation, listOperations, type OperationFilter, terminalStatus } from "./queries.ts";

/** Finds an operation of the account. Throws `operation_not_found`, also for operations of other accounts. */
export async function getOperation(db: Db, accountId: string, id: string): Promise<Operation> {
  const row = await inTenant(db, accountId, (tx) => findOperation(tx, accountId, id));
  if (!row) throw new ApiError("operation_not_found", "There is no such operation.");
  return presentOperation(row);
}

/**
 * For a caller who is limited to stores: operations are accepted by a statement for all accounts, which knows no limits. Throws
 * `terminal_not_found` for a terminal of another store, as for an unknown id.
 */
export async function requireSeen(db: Db, accountId: string, terminalId: string): Promise<void> {
  const status = await inTenant(db, accountId, (tx) => terminalStatus(tx, accountId, terminalId));
  if (status === undefined) throw new ApiError("terminal_not_found", "There is no such terminal.");
}

/**
 * Makes the planner walk the index until the page is full. It estimates the rows that row-level security lets through
 * far too low, and would rather read and sort all partitions.
 */
export const inOrderOfIndex = sql`set local enable_seqscan = off; set local enable_bitmapscan = off; set local max_parallel_workers_per_gather = 0`;

/** A page of operations, newest first. `next` is the `starting_after` of the following page, absent on the last. */
export async function getOperations(
  db: Db,
  accountId: string,
  filter: OperationFilter,
): Promise<{ operations: OperationList; next?: string }> {
  const rows = await inTenant(db, accountId, async (tx) => {
    await inOrderOfIndex.execute(tx);
    return listOperations(tx, accountId, { ...filter, limit: filter.limit + 1 });
  });
  const { page, last } = cutPage(rows, filter.limit);
  return { operations: page.map(presentOperation), ...(last && { next: last.id }) };
}
