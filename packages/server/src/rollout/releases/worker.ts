import type { Db } from "../../db/db.ts";
import type { FileStore } from "../../files/file-store.ts";
import { removeOutdated } from "../../files/removal.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Logger } from "../../platform/log/log.ts";
import { dayMs, minuteMs } from "../../platform/time-spans.ts";
import { every, type Worker } from "../../platform/worker.ts";
import { nameOf } from "./files.ts";
import { listWithdrawnFiles, markFileRemoved, type WithdrawnFile } from "./queries.ts";

const keptMs = 30 * dayMs;
const lookEveryMs = 10 * minuteMs;

interface CleaningDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  files: FileStore;
}

/**
 * Deletes the files of releases that were withdrawn a month ago. It removes the file, then marks the row; a server that
 * dies in between leaves a row that is read again.
 */
export function releaseFileWorker(deps: CleaningDeps): Worker {
  return every("releases.files", lookEveryMs, (signal) => removeOldFiles(deps, signal));
}

async function removeOldFiles({ db, clock, log, files }: CleaningDeps, signal: AbortSignal): Promise<void> {
  const now = clock.now();
  const before = new Date(now.getTime() - keptMs);
  await removeOutdated<WithdrawnFile>(
    { files, log, signal },
    {
      list: (after, limit) => listWithdrawnFiles(db.sql, { before, after, limit }),
      nameOf: ({ account_id, id }) => nameOf(account_id, id),
      removed: ({ account_id, id }) => markFileRemoved(db.sql, account_id, id, now),
    },
  );
}
