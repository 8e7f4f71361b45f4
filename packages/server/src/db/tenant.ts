import { operatorAccountIdPattern } from "@tillkeeper/contract/accounts";
import { sql } from "kysely";
import type { Db, Tx } from "./db.ts";
import { retried } from "./retry.ts";

/** What users who are exempt from row-level security take on for the time of a transaction. */
export const tenantRole = "tillkeeper_tenant";

const accountIdForm = new RegExp(operatorAccountIdPattern);

/**
 * Runs `work` in a transaction that sees and changes rows of one account only: row-level security in the database is the
 * second wall behind the `account_id` that every finder filters by (D21). Whatever a tenant asks for goes through here;
 * only the workers, the hot statements of the operation engine and what spans accounts by its nature do not. Runs `work` again when the
 * transaction lost against another one, so it must do nothing but database work.
 */
export function inTenant<T>(db: Db, accountId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  const role = db.bypassesRowSecurity ? `set local role ${tenantRole}; ` : "";
  const account = settingOf(accountId);
  return retried(() =>
    db.sql.transaction().execute(async (tx) => {
      await sql.raw(`${role}${account}`).execute(tx);
      return work(tx);
    }),
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
