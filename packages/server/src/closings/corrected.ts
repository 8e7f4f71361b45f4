import type { Db } from "../db/db.ts";
import { type EventRow, lastPlace, readPlaced } from "../events/read.ts";
import { every, type Worker } from "../platform/worker.ts";
import { type ClosingKey, closingsWithOperations, newsPlace, setNewsPlace } from "./queries.ts";

interface CorrectionDeps {
  db: Db;
  advanceAll: (keys: readonly ClosingKey[]) => Promise<unknown>;
}

const everyMs = 1_000;
const mostAtOnce = 1_000;

/**
 * Tells what corrects closings after their end: a late result, or a close that was made otherwise and told later. Nobody looks at a
 * closing that has ended; so the events of operations are read, and the closings that they may concern are looked at once more. The
 * place is written after that: a server that dies has another one look again, which changes nothing.
 */
export function correctionWorker({ db, advanceAll }: CorrectionDeps): Worker {
  return every("closings.corrections", everyMs, async () => {
    const known = await newsPlace(db.sql);
    // After the database went back, places are given again.
    const after = Math.min(known, await lastPlace(db.pool));
    const events = await readPlaced(db.pool, after, mostAtOnce);
    const ended = events.filter(({ type }) => type === "terminal_operation_update");
    const keys = await closingsOf(db, ended);
    await advanceAll(keys);
    const place = Number(events.at(-1)?.place ?? after);
    if (place !== known) await setNewsPlace(db.sql, { known, place });
    return events.length === mostAtOnce;
  });
}

async function closingsOf(db: Db, events: readonly EventRow[]): Promise<ClosingKey[]> {
  if (events.length === 0) return [];
  return closingsWithOperations(
    db.sql,
    events.map(({ account_id: accountId, subject }) => ({ accountId, operationId: subject })),
  );
}
