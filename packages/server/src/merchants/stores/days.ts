import type { StoreStatus } from "@tillkeeper/contract/http/stores";
import type { Tx } from "../../db/db.ts";
import { accountTimeZone, findStore } from "./queries.ts";
import { timeZoneOf } from "./time-zones.ts";

/** When business days begin where nothing is set. */
export const usualDayStart = "05:00";

/** A store, and what says where its business days begin (D30). */
export interface StoreDays {
  id: string;
  store_id: string;
  store_name: string | null;
  status: StoreStatus;
  rules: { timeZone: string; startsAt: string };
}

/** Finds a store, and the rules of its business days, by the caller's or the generated id. */
export async function storeDays(tx: Tx, accountId: string, storeId: string, now: Date): Promise<StoreDays | undefined> {
  const store = await findStore(tx, accountId, storeId);
  if (!store || store.status === "DELETED") return undefined;
  const { address, organization, configuration } = store;
  const ofAccount = await accountTimeZone(tx, accountId);
  const { time_zone: timeZone } = timeZoneOf({
    configured: configuration.time_zone ?? undefined,
    ofAccount,
    address,
    organization,
    year: now.getUTCFullYear(),
  });
  const { id, store_id, store_name, status } = store;
  return { id, store_id, store_name, status, rules: { timeZone, startsAt: usualDayStart } };
}
