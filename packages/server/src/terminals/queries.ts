import type { Kysely, Selectable } from "kysely";
import type { Tables } from "../db/schema.ts";

/** A terminal with the caller's own id of its store. */
export type TerminalRow = Selectable<Tables["terminals"]> & { store_id: string };

function selectTerminals(db: Kysely<Tables>, accountId: string) {
  return db
    .selectFrom("terminals")
    .innerJoin("stores", (join) =>
      join.onRef("stores.account_id", "=", "terminals.account_id").onRef("stores.id", "=", "terminals.store_ref"),
    )
    .selectAll("terminals")
    .select("stores.store_id")
    .where("terminals.account_id", "=", accountId);
}

export function findTerminal(
  db: Kysely<Tables>,
  accountId: string,
  terminalId: string,
): Promise<TerminalRow | undefined> {
  return selectTerminals(db, accountId).where("terminals.terminal_id", "=", terminalId).executeTakeFirst();
}

/** Newest first, at most `limit` rows below the terminal with number `below`. */
export function listTerminals(
  db: Kysely<Tables>,
  accountId: string,
  { below, limit, includeDeleted }: { below: number | undefined; limit: number; includeDeleted: boolean },
): Promise<TerminalRow[]> {
  let query = selectTerminals(db, accountId).orderBy("terminals.number", "desc").limit(limit);
  if (below !== undefined) query = query.where("terminals.number", "<", below);
  if (!includeDeleted) query = query.where("terminals.status", "<>", "DELETED");
  return query.execute();
}

/** The next number of this account's terminals. Locks the account's row until the transaction ends. */
export async function nextTerminalNumber(db: Kysely<Tables>, accountId: string): Promise<number> {
  const row = await db
    .updateTable("accounts")
    .set((eb) => ({ last_terminal_number: eb("last_terminal_number", "+", 1) }))
    .where("account_id", "=", accountId)
    .returning("last_terminal_number")
    .executeTakeFirstOrThrow();
  return row.last_terminal_number;
}
