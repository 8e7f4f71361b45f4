import { longestTokenSeconds } from "../../config/settings.ts";
import type { Db } from "../../db/db.ts";
import type { RealClock } from "../../platform/clock.ts";

/** The grants that give less than they did, while tokens from before may still be in use. */
export interface NarrowedGrants {
  /** Reads them again when they were read too long ago. */
  refresh(): Promise<void>;
  /** The scopes that are left of a grant: none of a removed one, `undefined` when nothing was taken away. */
  remaining(grantId: string): ReadonlySet<string> | undefined;
}

/** Asked for in the background after so long, so that requests need not wait for it … */
const renewAfterMs = 2_000;
/** … and waited for after so long: no server honours what was taken away 5 s ago. */
const staleAfterMs = 4_000;
/** The longest a token can live, whatever the setting was when it was made, and an hour for clocks that differ. */
const rememberedMs = (longestTokenSeconds + 3_600) * 1000;

/**
 * Tokens are checked without asking the database, so each server keeps a small list of what they must no longer open:
 * one query every few seconds, whatever the number of requests. Taking away is rare.
 */
export async function openNarrowedGrants(db: Db, clock: RealClock): Promise<NarrowedGrants> {
  let grants: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  let readAt = 0;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const startedAt = clock.realNow().getTime();
    const rows = await db.sql
      .selectFrom("client_grants")
      .select(["id", "scopes", "removed_at"])
      .where("narrowed_at", ">", new Date(startedAt - rememberedMs))
      .execute();
    grants = new Map(rows.map(({ id, scopes, removed_at }) => [id, new Set(removed_at ? [] : scopes)]));
    readAt = startedAt;
  }

  /** Whoever comes while a read is under way waits for that one. */
  function readOnce(): Promise<void> {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  const age = () => Math.abs(clock.realNow().getTime() - readAt);

  await readOnce();
  return {
    async refresh() {
      // A read that was under way already may itself have begun too long ago.
      while (age() >= staleAfterMs) await readOnce();
      // Nobody waits for this one; should it fail, the first request that has to wait tries again and says so.
      if (age() >= renewAfterMs) readOnce().catch(() => undefined);
    },
    remaining: (grantId) => grants.get(grantId),
  };
}
