import type { Db } from "../db/db.ts";
import type { FileStore } from "../files/file-store.ts";
import { removeOutdated } from "../files/removal.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log.ts";
import { dayMs, hourMs, minuteMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";
import { deleteLog, listRemoving, markOld, type RemovingRow } from "./queries.ts";

interface RetentionDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  files: Pick<FileStore, "remove">;
  /** How long logs are kept. */
  logDays: number;
}

const lookEveryMs = 10 * minuteMs;
/** No upload takes that long: its token is over sooner. */
const abandonedAfterMs = hourMs;

/**
 * Removes logs whose time is over, and what crashes have left of uploads. The row is marked first, then the file goes, then
 * the row: whatever stops in between is done again.
 */
export function logRetentionWorker(deps: RetentionDeps): Worker {
  return every("logs.retention", lookEveryMs, (signal) => removeOldLogs(deps, signal));
}

async function removeOldLogs({ db, clock, log, files, logDays }: RetentionDeps, signal: AbortSignal): Promise<void> {
  const now = clock.now().getTime();
  await markOld(db.sql, { stored: new Date(now - logDays * dayMs), receiving: new Date(now - abandonedAfterMs) });
  await removeOutdated<RemovingRow>(
    { files, log, signal },
    {
      list: (after, limit) => listRemoving(db.sql, { after, limit }),
      nameOf: ({ name }) => name,
      removed: (row) => deleteLog(db.sql, row),
    },
  );
}
