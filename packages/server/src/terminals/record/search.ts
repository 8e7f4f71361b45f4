import { type RawBuilder, sql } from "kysely";
import type { Tx } from "../../db/db.ts";
import { type ListedRow, listTerminals, type Narrowing, type Page } from "./rows.ts";

/** So many of the newest terminals are looked at one by one first: what is common is found there. */
const window = 2_000;
/** More hits than these are not rare. */
const mostHits = 10_000;
/** Without three of these in a row the index has nothing to go by. */
const indexable = /[a-z0-9]{3}/i;

/**
 * A page of the terminals of payout destinations. Through their stores they are in no order, so a destination with many
 * would have all of them sorted for each page; those of one with many turn up among the newest.
 */
export async function terminalsOfDestinations(tx: Tx, accountId: string, page: Page): Promise<ListedRow[]> {
  const top = page.below ?? (await newestNumber(tx, accountId)) + 1;
  const recent = await listTerminals(tx, accountId, page, (eb) => eb("terminals.number", ">=", top - window));
  return recent.length >= page.limit ? recent : listTerminals(tx, accountId, page);
}

/**
 * A page of the terminals with a text in their id, serial number, model, or store's id or name; taken literally, in any
 * case. A common text shows up among the newest terminals, a rare one is found by the index; either way the cost is that
 * of a page, not that of the fleet.
 */
export async function searchTerminals(tx: Tx, accountId: string, text: string, page: Page): Promise<ListedRow[]> {
  const top = page.below ?? (await newestNumber(tx, accountId)) + 1;
  const pattern = sql<string>`'%' || tillkeeper_fold(normalize(${text.replace(/[\\%_]/g, String.raw`\$&`)})) || '%'`;
  const recent = await listTerminals(
    tx,
    accountId,
    page,
    matching(accountId, pattern, { from: top - window, below: top }),
  );
  if (recent.length >= page.limit || top <= window) return recent;
  const hits = indexable.test(text) ? await findHits(tx, accountId, pattern) : undefined;
  if (hits === undefined || hits.length > mostHits)
    return listTerminals(tx, accountId, page, matching(accountId, pattern, { from: 0, below: top }));
  return hits.length === 0 ? [] : listTerminals(tx, accountId, page, () => sql`terminals.number = any(${hits}::int[])`);
}

/** The number of the account's newest terminal, 0 without any. */
async function newestNumber(tx: Tx, accountId: string): Promise<number> {
  const row = await tx
    .selectFrom("terminals")
    .select("number")
    .where("account_id", "=", accountId)
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.number ?? 0;
}

/** Terminals with the text and a number in the range, by looking at each. */
function matching(
  accountId: string,
  pattern: RawBuilder<string>,
  { from, below }: { from: number; below: number },
): Narrowing {
  return (eb) =>
    eb.and([
      eb("terminals.number", ">=", from),
      eb(
        "terminals.number",
        "in",
        eb
          .selectFrom("terminal_search")
          .select("terminal_search.number")
          .where("terminal_search.account_id", "=", accountId)
          .where("terminal_search.number", ">=", from)
          .where("terminal_search.number", "<", below)
          .where("terminal_search.text", "like", pattern),
      ),
    ]);
}

async function findHits(tx: Tx, accountId: string, pattern: RawBuilder<string>): Promise<number[]> {
  const { rows } = await sql<{ number: number }>`
    select number from tillkeeper_search_terminals(${accountId}, ${pattern}, ${mostHits + 1}) as number`.execute(tx);
  return rows.map((row) => row.number);
}
