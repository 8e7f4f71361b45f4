import type { Operation, OperationList } from "@tillkeeper/contract/http/operations";
import type { Db } from "../db/db.ts";
import { inTenant } from "../db/tenant.ts";
import { ApiError } from "../platform/errors.ts";
import { cutPage } from "../platform/http/paging.ts";
import { presentOperation } from "./present.ts";
import { findOperation, listOperations, type OperationFilter } from "./queries.ts";

/** Throws `operation_not_found`, also for operations of other accounts. */
export async function getOperation(db: Db, accountId: string, id: string): Promise<Operation> {
  const row = await inTenant(db, accountId, (tx) => findOperation(tx, accountId, id));
  if (!row) throw new ApiError("operation_not_found", "There is no such operation.");
  return presentOperation(row);
}

/** Newest first. `next` is the `starting_after` of the following page, absent on the last. */
export async function getOperations(
  db: Db,
  accountId: string,
  filter: OperationFilter,
): Promise<{ operations: OperationList; next?: string }> {
  const rows = await inTenant(db, accountId, (tx) =>
    listOperations(tx, accountId, { ...filter, limit: filter.limit + 1 }),
  );
  const { page, last } = cutPage(rows, filter.limit);
  return { operations: page.map(presentOperation), ...(last && { next: last.id }) };
}
