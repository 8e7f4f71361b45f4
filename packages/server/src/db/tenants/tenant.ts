import { operatorAccountIdPattern } from "@tillkeeper/contract/accounts";
import { sql } from "kysely";
import type { Db, Tx } from "../db.ts";
import { isForbidden } from "../failures.ts";
import { retried } from "../retry.ts";
import { inTurn } from "../turns.ts";

/** Role that the database user takes on during a tenant's transaction; `tenant-rights.ts` lists its rights. */
export const tenantRole = "tillkeeper_tenant";

const accountIdForm = new RegExp(operatorAccountIdPattern);

/**
 * Runs `work` in a transaction that sees and changes rows of one account only, in the account's turn. Row-level
 * security is the second check behind the `account_id` by which every finder filters (D21). All statements for tenants'
 * requests run here. Exceptions: workers, the hot statements of operations, and statements that span accounts by their
 * nature. After a deadlock or serialization failure `work` runs again. So it may do nothing but database work, all of
 * it by `tx`.
 */
export function inTenant<T>(
  db: Pick<Db, "sql" | "turns" | "restoreRights">,
  accountId: string,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  // The account also binds functions that run with the owner's rights.
  const bound = `${settingOf(accountId)}; set local tillkeeper.all_accounts = off`;
  const run = () =>
    retried(() =>
      db.sql.transaction().execute(async (tx) => {
        await sql.raw(`${bound}; set local role ${tenantRole}`).execute(tx);
        return work(tx);
      }),
    );
  return inTurn(db, accountId, () =>
    run().catch(async (error: unknown) => {
      // A program of an earlier version takes away the rights that its list lacks, when it starts.
      if (!isForbidden(error) || !(await db.restoreRights?.())) throw error;
      return run();
    }),
  );
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

/** The id is written into the statement, because SET takes no parameters. */
function settingOf(accountId: string): string {
  if (!accountIdForm.test(accountId)) throw new Error("not an account id");
  return `set local tillkeeper.account_id = '${accountId}'`;
}
