import { operatorAccountIdPattern } from "@tillkeeper/contract/accounts";
import { sql } from "kysely";
import type { Db, Tx } from "../db.ts";
import { retried } from "../retry.ts";
import { inTurn } from "../turns.ts";

/** What the database user takes on for the time of a tenant's transaction; its rights stand in `tenant-rights.ts`. */
export const tenantRole = "tillkeeper_tenant";

const accountIdForm = new RegExp(operatorAccountIdPattern);

/**
 * Runs `work` in a transaction that sees and changes rows of one account only: row-level security in the database is the
 * second wall behind the `account_id` that every finder filters by (D21). Whatever a tenant asks for goes through here;
 * only the workers, the hot statements of the operation engine and what spans accounts by its nature do not. It waits for
 * the account's turn. Runs `work` again when the transaction lost against another one, so it must do nothing but database
 * work, and all of it by `tx`.
 */
export function inTenant<T>(
  db: Pick<Db, "sql" | "turns">,
  accountId: string,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  // Functions that act with the rights of the owner are bound by the account, too.
  const bound = `${settingOf(accountId)}; set local tillkeeper.all_accounts = off`;
  return inTurn(db, accountId, () =>
    retried(() =>
      db.sql.transaction().execute(async (tx) => {
        await sql.raw(`${bound}; set local role ${tenantRole}`).execute(tx);
        return work(tx);
      }),
    ),
  );
}

/**
 * Runs `work` as another account inside the transaction of `own`, for what concerns both: an operator and an account that
 * it operates. Should it throw, the transaction is over.
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
