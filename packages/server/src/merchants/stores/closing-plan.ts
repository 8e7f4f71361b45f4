import type { StoreConfiguration } from "@tillkeeper/contract/http/store-configuration";
import type { StoreStatus } from "@tillkeeper/contract/http/stores";
import type { Tx } from "../../db/db.ts";
import type { DayRules } from "./days.ts";
import { type StoreRow, storesWithDays } from "./queries.ts";
import { configurationOf } from "./shown-configuration.ts";

/** When the days of a store are to be closed by themselves (D32). */
export interface ClosingPlan extends Omit<StoreConfiguration["auto_end_of_day"], "retry_until"> {
  accountId: string;
  storeRef: string;
  /** The caller's id. */
  storeId: string;
  status: StoreStatus;
  rules: DayRules;
  /** Why the time zone is a guess, if it is. */
  guess: string | undefined;
  /** HH:MM. */
  retryUntil: string;
}

/** The plan of a store, from its configuration as it is shown. */
export function planOf(
  store: Pick<StoreRow, "account_id" | "id" | "store_id" | "status">,
  { auto_end_of_day: times, ...shown }: StoreConfiguration,
): ClosingPlan {
  const { retry_until: retryUntil, ...others } = times;
  return {
    ...others,
    retryUntil,
    accountId: store.account_id,
    storeRef: store.id,
    storeId: store.store_id,
    status: store.status,
    rules: { timeZone: shown.time_zone, startsAt: shown.business_day_starts_at },
    guess: shown.time_zone_guess,
  };
}

/** The plans of stores by their generated ids; those that are deleted are left out. */
export async function closingPlans(
  tx: Tx,
  accountId: string,
  { ids, now }: { ids: readonly string[]; now: Date },
): Promise<ClosingPlan[]> {
  const rows = await storesWithDays(tx, accountId, { by: { ids }, includeDeleted: false });
  return rows.map((row) => {
    const store = { ...row, account_id: accountId };
    return planOf(store, configurationOf(store, row.account_time_zone, now));
  });
}
