import type { Db } from "../../db/db.ts";
import { readNews } from "../../events/read.ts";
import { every, type Worker } from "../../platform/worker.ts";
import { type ClosingKey, newsPlace, setNewsPlace } from "../queries.ts";
import { closingsWithOperations } from "../sql/corrected.ts";

interface CorrectionDeps {
  db: Db;
  advanceAll: (keys: readonly ClosingKey[]) => Promise<unknown>;
}

const everyMs = 1_000;
const mostAtOnce = 1_000;
/** By these a closing that has ended is corrected. */
const told = ["terminal_operation_update"] as const;

/**
 * Tells what corrects closings after their end: a late result, or a close that was made otherwise and told later. No worker reads a
 * closing that has ended; so the events of operations are read, and the closings that they may concern are read once more. The
 * place is written after that: a server that dies has another one look again, which changes nothing.
 */
export function correctionWorker({ db, advanceAll }: CorrectionDeps): Worker {
  return every("closings.corrections", everyMs, async () => {
    const known = await newsPlace(db.sql);
    const { events, place, hasMore } = await readNews(db.pool, known, { types: told, limit: mostAtOnce });
    await advanceAll(
      await closingsWithOperations(
        db.pool,
        events.map(({ account_id: accountId, subject: operationId }) => ({ accountId, operationId })),
      ),
    );
    if (place !== known) await setNewsPlace(db.sql, { known, place });
    return hasMore;
  });
}
