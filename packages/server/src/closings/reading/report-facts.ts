import type { Closing } from "@tillkeeper/contract/http/closing-schemas";
import type { Tx } from "../../db/db.ts";
import { type StoreDays, storeDays } from "../../merchants/stores/days.ts";
import { isUuid } from "../../platform/formats.ts";
import { type ClosingKey, type ClosingRow, findClosing, readFacts } from "../queries.ts";
import { type Batch, presentBatches, presentClosing } from "./present.ts";

export { closingsOfDays } from "../sql/report-looks.ts";

import { type Clocks, membersOf, momentOf } from "../standing/standing.ts";

/** A closing as a report shows it. */
export interface Reported {
  row: ClosingRow;
  closing: Closing;
  batches: Batch[];
  store: StoreDays;
}

/** Reads a closing with all that a report needs, also of a store that is deleted; undefined when it is not there. */
export async function findReported(
  tx: Tx,
  clocks: Clocks,
  { accountId, id, storeRef }: ClosingKey & { storeRef: string },
): Promise<Reported | undefined> {
  const moment = await momentOf(tx, clocks);
  const [store] = await storeDays(tx, accountId, { ids: [storeRef] }, { now: moment.now, includeDeleted: true });
  const row = store && isUuid(id) ? await findClosing(tx, { accountId, id }, storeRef) : undefined;
  if (!store || !row) return undefined;
  const members = membersOf(row, await readFacts(tx, accountId, [id]), moment);
  return { row, closing: presentClosing(row, members, store.rules), batches: presentBatches(members), store };
}
