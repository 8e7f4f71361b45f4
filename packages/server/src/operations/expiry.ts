import type { Pool } from "pg";
import type { Clock } from "../platform/clock.ts";
import { type Expired, expireImpossible, expireOperations } from "./sql/expire.ts";
import type { OperationWatch } from "./watch.ts";

export interface ExpiryDeps {
  clock: Clock;
  watch: OperationWatch;
}

/** Ends operations past their deadline, at most `limit`, and tells the watch. Answers how many it ended. */
export async function expireDue(deps: ExpiryDeps, pool: Pool, now: Date, limit: number): Promise<number> {
  return tell(deps, await expireOperations(pool, now, limit));
}

/** As `expireDue`, for operations whose deadline is farther away than any window. */
export async function expireFarAway(deps: ExpiryDeps, pool: Pool, now: Date, limit: number): Promise<void> {
  tell(deps, await expireImpossible(pool, now, limit));
}

function tell({ clock, watch }: ExpiryDeps, expired: Expired[]): number {
  const at = clock.now().getTime();
  for (const { deadline, ...operation } of expired) {
    watch.ended({ ...operation, status: "TIMEOUT", lateMs: Math.max(0, at - deadline.getTime()) });
  }
  return expired.length;
}
