import type { Db } from "../../db/db.ts";
import type { RealClock } from "../../platform/clock.ts";
import { every, type Worker } from "../../platform/worker.ts";
import { keptDays } from "./lifetimes.ts";
import { deleteOld } from "./queries.ts";

const roundMs = 3_600_000;
const batch = 1_000;

/** Deletes sessions and links that ended weeks ago. */
export function signInRetentionWorker({ db, clock }: { db: Db; clock: RealClock }): Worker {
  return every("sign-in retention", roundMs, () =>
    deleteOld(db.sql, new Date(clock.realNow().getTime() - keptDays * 86_400_000), batch),
  );
}
