import type { StoreStatus } from "@tillkeeper/contract/http/stores";
import type { Tx } from "../../db/db.ts";
import { closingTimesOf } from "./closing-times.ts";
import { liveStoresWithDays, type StoreDaysRow, storesWithDays, type WantedStores } from "./queries.ts";
import { timeZoneOf } from "./time-zones.ts";

/** What says when a store's business days begin. */
export interface DayRules {
  /** IANA. */
  timeZone: string;
  /** HH:MM in that zone. */
  startsAt: string;
}

/** A store, as the close of its days needs it. */
export interface StoreDays {
  /** The generated id. */
  id: string;
  /** The caller's. */
  store_id: string;
  store_name: string | null;
  status: StoreStatus;
  /** ISO 3166-1 alpha-2; of its address, else of its organization. */
  country?: string;
  rules: DayRules;
  /** Whether the time zone is only guessed: no day is closed by itself then (D30). */
  guess: boolean;
}

interface Options {
  /** The running time: zones of a country may come to differ. */
  now: Date;
  includeDeleted?: boolean;
}

/**
 * Reads stores with the rules of their business days, in one statement: one store by the caller's id or the generated one, or
 * several by their generated ids. Stores that do not exist are left out, DELETED ones as well unless the options want them.
 */
export async function storeDays(
  tx: Tx,
  accountId: string,
  by: WantedStores["by"],
  { now, includeDeleted = false }: Options,
): Promise<StoreDays[]> {
  const rows = await storesWithDays(tx, accountId, { by, includeDeleted });
  return rows.map((row) => daysOf(row, now));
}

/** Live stores by the caller's ids, in one statement; those that do not exist are left out. */
export async function liveStoreDays(
  tx: Tx,
  accountId: string,
  storeIds: readonly string[],
  { now }: Pick<Options, "now">,
): Promise<StoreDays[]> {
  return (await liveStoresWithDays(tx, accountId, storeIds)).map((row) => daysOf(row, now));
}

function daysOf(
  { configuration, account_time_zone: ofAccount, address, organization, ...store }: StoreDaysRow,
  now: Date,
) {
  const country = address ? address.country : organization && (organization.country ?? "NO");
  const configured = configuration.time_zone ?? undefined;
  const zone = timeZoneOf({ configured, ofAccount, address, organization, year: now.getUTCFullYear() });
  return {
    ...store,
    ...(country && { country }),
    rules: { timeZone: zone.time_zone, startsAt: closingTimesOf(configuration).startsAt },
    guess: zone.time_zone_guess !== undefined,
  };
}
