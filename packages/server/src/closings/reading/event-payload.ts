import type { Closing } from "@tillkeeper/contract/http/closing-schemas";
import type { Tx } from "../../db/db.ts";
import { storeDays } from "../../merchants/stores/days.ts";
import { findClosings, readFacts } from "../queries.ts";
import { membersOf, momentOf } from "../standing/standing.ts";
import { presentClosing } from "./present.ts";
import type { ReadDeps } from "./read.ts";

/**
 * A closing for its events, as it stands now: nothing of an outcome is stored (docs/adr/0038-closings.md). Undefined, if it is past its
 * retention or its store is gone.
 */
export async function presentClosingEvent(
  tx: Tx,
  deps: Pick<ReadDeps, "clock" | "presenceClock">,
  { accountId, id }: { accountId: string; id: string },
): Promise<Closing | undefined> {
  const moment = await momentOf(tx, deps);
  const [closing] = await findClosings(tx, accountId, [id]);
  const [store] = closing ? await storeDays(tx, accountId, { storeId: closing.store_ref }, moment) : [];
  if (!closing || !store) return undefined;
  return presentClosing(closing, membersOf(closing, await readFacts(tx, accountId, [id]), moment), store.rules);
}
