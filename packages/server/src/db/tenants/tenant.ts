import { operatorAccountIdPattern } from "@tillkeeper/contract/accounts";
import { sql } from "kysely";
import { outsideStores } from "../../platform/errors.ts";
import { type StoreLimit, storeLimit } from "../../platform/store-limit.ts";
import type { Db, Tx } from "../db.ts";
import { isForbidden } from "../failures.ts";
import { retried } from "../retry.ts";
import { inTurn } from "../turns.ts";

/** Role that the database user takes on during a tenant's transaction; `tenant-rights.ts` lists its rights. */
export const tenantRole = "tillkeeper_tenant";

/** The form of generated ids of stores, as far as it keeps a list of them from saying anything else. */
const storeIdForm = /^[A-Za-z0-9_-]+$/;
const accountIdForm = new RegExp(operatorAccountIdPattern);

/**
 * Runs `work` in a transaction that sees and changes rows of one account only, in the account's turn. Row-level
 * security is the second check behind the `account_id` by which every finder filters (D21). All statements for tenants'
 * requests run here. Exceptions: workers, the hot statements of operations, and statements that span accounts by their
 * nature. After a deadlock or serialization failure `work` runs again. So it may do nothing but database work, all of
 * it by `tx`.
 *
 * In the request of a caller who is limited to stores, the transaction sees and changes only what belongs to those stores, and nothing
 * that is of the account and of no store (docs/adr/0046-limit-to-stores.md). Throws `insufficient_scope` for what it may not write.
 */
export function inTenant<T>(
  db: Pick<Db, "sql" | "turns" | "restoreRights">,
  accountId: string,
  work: (tx: Tx) => Promise<T>,
  stores: StoreLimit | undefined = storeLimit(),
): Promise<T> {
  // The account also binds functions that run with the owner's rights.
  const bound = `${settingOf(accountId)}; set local tillkeeper.all_accounts = off`;
  const limit = stores === undefined ? "" : `; ${limitOf(stores)}`;
  const run = () =>
    retried(() =>
      db.sql.transaction().execute(async (tx) => {
        await sql.raw(`${bound}${limit}; set local role ${tenantRole}`).execute(tx);
        return work(tx);
      }),
    );
  const done = inTurn(db, accountId, () =>
    run().catch(async (error: unknown) => {
      // A program of an earlier version takes away the rights that its list lacks, when it starts.
      if (!isForbidden(error) || !(await db.restoreRights?.())) throw error;
      return run();
    }),
  );
  return stores === undefined ? done : done.catch(refuseOutside);
}

/** What a limited caller may not write is no fault of the server. */
function refuseOutside(error: unknown): never {
  throw isForbidden(error) ? outsideStores(error) : error;
}

/**
 * Runs `work` as another account inside the transaction of `own`, for changes that concern both: an operator and an
 * account that it operates. When `work` throws, the transaction must not continue.
 */
export async function asAccount<T>(tx: Tx, own: string, other: string, work: () => Promise<T>): Promise<T> {
  await sql.raw(settingOf(other)).execute(tx);
  const result = await work();
  await sql.raw(settingOf(own)).execute(tx);
  return result;
}

/** Ids are written into the statement, because SET takes no parameters. Ids of other accounts' stores in a limit show nothing. */
function limitOf(stores: StoreLimit): string {
  if (!stores.every((id) => storeIdForm.test(id))) throw new Error("not the id of a store");
  return `set local tillkeeper.stores = '{${stores.join(",")}}'`;
}

/** The id is written into the statement, because SET takes no parameters. */
function settingOf(accountId: string): string {
  if (!accountIdForm.test(accountId)) throw new Error("not an account id");
  return `set local tillkeeper.account_id = '${accountId}'`;
}
