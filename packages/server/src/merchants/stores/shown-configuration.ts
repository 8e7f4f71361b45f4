import { isSandboxAccount } from "@tillkeeper/contract/accounts";
import { type StoreConfiguration, usualSpreadMinutes } from "@tillkeeper/contract/http/store-configuration";
import { closingTimesOf } from "./closing-times.ts";
import type { StoreRow } from "./queries.ts";
import { timeZoneOf } from "./time-zones.ts";

export type Configured = Pick<StoreRow, "account_id" | "address" | "organization" | "configuration">;

/**
 * The whole configuration: set values, and defaults for the rest. The day is closed automatically on live accounts, not
 * on sandbox accounts.
 */
export function configurationOf(store: Configured, ofAccount: string | null, now: Date): StoreConfiguration {
  const { address, organization } = store;
  const { auto_end_of_day: autoEndOfDay, time_zone: timeZone } = store.configuration;
  const { time, retryUntil, startsAt } = closingTimesOf(store.configuration);
  return {
    auto_end_of_day: {
      enabled: autoEndOfDay?.enabled ?? !isSandboxAccount(store.account_id),
      time,
      retry_until: retryUntil,
      spread_minutes: autoEndOfDay?.spread_minutes ?? usualSpreadMinutes,
      exceptions: autoEndOfDay?.exceptions ?? [],
    },
    business_day_starts_at: startsAt,
    ...timeZoneOf({ configured: timeZone ?? undefined, ofAccount, address, organization, year: now.getUTCFullYear() }),
    mail_to: store.configuration.mail_to ?? [],
  };
}
