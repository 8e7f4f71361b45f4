import type { Db } from "../../db/db.ts";
import { readNews } from "../../events/read.ts";
import { every, type Worker } from "../../platform/worker.ts";
import { WorkerPace } from "../../platform/worker-pace.ts";
import { type ClosingKey, inNewsTurn } from "../queries.ts";
import { closingsOfOperations } from "../sql/news.ts";

interface NewsDeps {
  db: Db;
  advanceAll: (keys: readonly ClosingKey[]) => Promise<unknown>;
}

/** Events that end closes come together, and are read together. */
const everyMs = 1_000;
const idleMs = 30_000;
const mostAtOnce = 500;
/** These tell of the end of an operation, and of a late result. */
const told = ["terminal_operation_update"] as const;

/**
 * Looks at closings when something has become known of closes that concern them: their own close has ended, a late result or a
 * close by hand was told. So a close that is under way is not looked at again and again, and a closing that has ended is corrected. The
 * events of operations are read; the place is written after the look: when a server dies between, another one looks again, which
 * changes nothing. `placed` tells it of events.
 */
export function closingNewsWorker({ db, advanceAll }: NewsDeps): { worker: Worker; placed: () => void } {
  const pace = new WorkerPace({ busyMs: everyMs, idleMs, idleAfterMs: 2 * everyMs });
  const worker = every("closings.news", pace.restMs, async () => {
    const hasMore = await inNewsTurn(db.sql, async (known) => {
      const { events, place, hasMore: more } = await readNews(db.pool, known, { types: told, limit: mostAtOnce });
      const operations = events.map(({ account_id: accountId, subject: operationId }) => ({ accountId, operationId }));
      await advanceAll(await closingsOfOperations(db.pool, operations));
      return { place, result: more };
    });
    // While another server has the turn, this one stays awake: the other may end before it has read all.
    if (hasMore === undefined) pace.found();
    return hasMore ?? false;
  });
  return { worker, placed: () => pace.stir(worker) };
}
