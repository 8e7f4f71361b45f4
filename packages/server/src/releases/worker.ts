import type { Db } from "../db/db.ts";
import type { FileStore } from "../files/file-store.ts";
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../platform/log.ts";
import { pause, type Worker } from "../platform/worker.ts";
import { nameOf } from "./files.ts";
import { listToClean, markCleaned } from "./queries.ts";

const keptMs = 30 * 24 * 60 * 60 * 1000;
const lookEveryMs = 10 * 60 * 1000;
const batch = 100;

interface CleaningDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  files: FileStore;
}

/**
 * Deletes the files of releases that were withdrawn a month ago. First the file, then the mark: a server that dies in between
 * leaves nothing that is not looked at again.
 */
export function releaseFileWorker(deps: CleaningDeps): Worker {
  return {
    name: "releases.files",
    async run(signal) {
      while (!signal.aborted) {
        await removeOldFiles(deps, signal);
        await pause(lookEveryMs, signal);
      }
    },
  };
}

async function removeOldFiles({ db, clock, log, files }: CleaningDeps, signal: AbortSignal): Promise<void> {
  const now = clock.now();
  const before = new Date(now.getTime() - keptMs);
  let after: { id: string } | undefined;
  while (!signal.aborted) {
    const old = await listToClean(db.sql, { before, after, limit: batch });
    for (const { account_id: accountId, id } of old) {
      try {
        await files.remove(nameOf(accountId, id));
      } catch (error) {
        // It is looked at again the next time, and must not hold up those behind it.
        log.warn({ err: error, release_id: id }, "the file of a release could not be removed, it is tried again");
        continue;
      }
      await markCleaned(db.sql, accountId, id, now);
    }
    after = old.at(-1);
    if (old.length < batch) return;
  }
}
