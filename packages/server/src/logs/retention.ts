import type { Db } from "../db/db.ts";
import type { FileStore } from "../files/file-store.ts";
import { removeOutdated } from "../files/removal.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log/log.ts";
import { dayMs, hourMs, minuteMs } from "../platform/time-spans.ts";
import { every, type Worker } from "../platform/worker.ts";
import { deleteLog, listRemoving, markOld, type RemovingRow } from "./queries.ts";

interface RetentionDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  files: Pick<FileStore, "remove">;
  /** How many days logs are kept. */
  logDays: number;
}

const lookEveryMs = 10 * minuteMs;
/** Age from which an upload is abandoned: its token has expired long before. */
const abandonedAfterMs = hourMs;

/**
 * Removes outdated logs, and what crashes have left of uploads. It marks the row, removes the file, then deletes the
 * row; after an interruption the next run repeats the rest.
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
