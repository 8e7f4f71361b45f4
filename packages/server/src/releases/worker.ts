import type { Db } from "../db/db.ts";
import type { FileStore } from "../files/file-store.ts";
import type { Clock } from "../platform/clock.ts";
import { pause, type Worker } from "../platform/worker.ts";
import { nameOf } from "./files.ts";
import { listToClean, markCleaned } from "./queries.ts";

const keptMs = 30 * 24 * 60 * 60 * 1000;
const lookEveryMs = 10 * 60 * 1000;
const batch = 100;

/**
 * Deletes the files of releases that were withdrawn a month ago. First the file, then the mark: a server that dies in between
 * leaves nothing that is not looked at again.
 */
export function releaseFileWorker({ db, clock, files }: { db: Db; clock: Clock; files: FileStore }): Worker {
  return {
    name: "releases.files",
    async run(signal) {
      while (!signal.aborted) {
        const now = clock.now();
        const old = await listToClean(db.sql, new Date(now.getTime() - keptMs), batch);
        for (const { account_id: accountId, id } of old) {
          if (signal.aborted) return;
          await files.remove(nameOf(accountId, id));
          await markCleaned(db.sql, accountId, id, now);
        }
        if (old.length < batch) await pause(lookEveryMs, signal);
      }
    },
  };
}
