import { longestTokenSeconds } from "../../config/settings.ts";
import type { Db } from "../../db/db.ts";
import type { RealClock } from "../../platform/clock.ts";

/** Grants that lost scopes or were removed, while tokens from before may still be in use. */
export interface NarrowedGrants {
  /** Reads the grants again when they are stale. */
  refresh(): Promise<void>;
  /** The scopes that are left of a grant. Empty when the grant was removed, `undefined` when it lost nothing. */
  remaining(grantId: string): ReadonlySet<string> | undefined;
}

/** From this age on the grants are read again in the background, so that requests need not wait. */
const renewAfterMs = 2_000;
/** From this age on requests wait for the read: no server accepts a scope that was taken away 5 s ago. */
const staleAfterMs = 4_000;
/**
 * How long a grant stays in the list: the longest life of a token under any setting, and an hour for clocks that
 * differ.
 */
const rememberedMs = (longestTokenSeconds + 3_600) * 1000;

/**
 * Opens the list of narrowed grants, and reads it once. Tokens are checked without the database, so each server keeps
 * this small list. It costs one query every few seconds, however many requests there are, because grants seldom lose
 * anything.
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

  /** Reads the grants. Calls during a read share it. */
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
      // A read that was running already may itself have begun too long ago.
      while (age() >= staleAfterMs) await readOnce();
      // Not awaited. If it fails, the first request that has to wait reads again and gets the error.
      if (age() >= renewAfterMs) readOnce().catch(() => undefined);
    },
    remaining: (grantId) => grants.get(grantId),
  };
}
