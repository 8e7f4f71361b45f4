import { isDeepStrictEqual } from "node:util";
import type { StoreConfiguration, StoreConfigurationPatch } from "@tillkeeper/contract/http/store-configuration";
import { recordChange } from "../../access/audit/audit.ts";
import type { Tx } from "../../db/db.ts";
import { retried } from "../../db/retry.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { invalidRequest } from "../../platform/errors.ts";
import { type Caller, requireExpected } from "../../platform/http/route.ts";
import { recipientFaults } from "../../platform/mail-recipients.ts";
import { readTimeZone, timeZoneFault } from "../../platform/time-zones.ts";
import { lockLiveStore, presentWithTerminals, storeNotFound } from "./changes.ts";
import { planOf } from "./closing-plan.ts";
import { refuseLateRetries } from "./closing-times.ts";
import type { StoreDeps } from "./deps.ts";
import { tellStore } from "./events.ts";
import { keepConfiguration } from "./keep-configuration.ts";
import { accountTimeZone, findStore, getStoreRow, type StoreRow } from "./queries.ts";
import { type Configured, configurationOf } from "./shown-configuration.ts";

/** Throws `store_not_found`, also for a DELETED store, in which no operation runs any more. */
export async function getConfiguration(
  deps: StoreDeps,
  accountId: string,
  storeId: string,
): Promise<StoreConfiguration> {
  return inTenant(deps.db, accountId, async (tx) => {
    const store = await findStore(tx, accountId, storeId);
    if (!store || store.status === "DELETED") throw storeNotFound();
    const shown = configurationOf(store, await accountTimeZone(tx, accountId), deps.clock.now());
    return withNext(deps, tx, store, shown);
  });
}

/** Merges the patch into the set values; `null` restores the default. Throws `invalid_request`, `store_not_found`. */
export async function patchConfiguration(
  deps: StoreDeps,
  caller: Caller,
  storeId: string,
  patch: StoreConfigurationPatch,
): Promise<StoreConfiguration> {
  const named = withTimeZone(patch);
  const { accountId } = caller;
  return retried(() =>
    inTenant(deps.db, accountId, async (tx) => {
      const found = await findStore(tx, accountId, storeId);
      if (!found) throw storeNotFound();
      const store = await lockLiveStore(tx, accountId, found.id);
      const ofAccount = await accountTimeZone(tx, accountId);
      const show = (row: Configured) => configurationOf(row, ofAccount, deps.clock.now());
      const before = show(store);
      requireExpected(caller, before);
      const change = withoutSentBack(named, before);
      const configuration = merged(store.configuration, change);
      const after = show({ ...store, configuration });
      if (change.auto_end_of_day?.enabled) refuseGuess(after);
      refuseLateRetries(change, configuration);
      refuseExceptions(change.auto_end_of_day?.exceptions ?? []);
      refuseAddresses(change.mail_to ?? []);
      if (isDeepStrictEqual(configuration, store.configuration)) return withNext(deps, tx, store, before);
      await keepConfiguration(tx, accountId, { id: store.id, configuration });
      const subject = { type: "store", id: store.id };
      await recordChange(tx, deps.clock, caller, { action: "store.configure", subject, before, after });
      const shown = await presentWithTerminals(tx, await getStoreRow(tx, accountId, store.id));
      await tellStore(tx, { ...caller, at: deps.clock.now() }, "store.configure", shown);
      return withNext(deps, tx, store, after);
    }),
  );
}

/** With what the server does by itself: it may change without a change of the configuration. */
async function withNext(
  deps: StoreDeps,
  tx: Tx,
  store: StoreRow,
  shown: StoreConfiguration,
): Promise<StoreConfiguration> {
  return {
    ...shown,
    autopilot: await deps.autopilot(tx, planOf(store, shown)),
    mail: await deps.mail(tx, store.account_id, shown.mail_to),
  };
}

/** The patch with today's name of its time zone. Throws `invalid_request`. */
function withTimeZone(patch: StoreConfigurationPatch): StoreConfigurationPatch {
  if (typeof patch.time_zone !== "string") return patch;
  const { zone, instead } = readTimeZone(patch.time_zone);
  if (zone === undefined) throw invalidRequest({ path: "/body/time_zone", message: timeZoneFault(instead) });
  return { ...patch, time_zone: zone };
}

/**
 * The patch without what a caller only sends back. A time zone that comes back beside its source, which is not the store, is not
 * set: else a guess would become the store's own by an edit of something else. What the automatic end of day was by default while the
 * zone is a guess is not an order, either.
 */
function withoutSentBack(patch: StoreConfigurationPatch, shown: StoreConfiguration): StoreConfigurationPatch {
  const { time_zone: zone, time_zone_source: source, ...others } = patch;
  if (source === "store" || source !== shown.time_zone_source || zone !== shown.time_zone) return patch;
  const { auto_end_of_day: autoEndOfDay } = others;
  if (shown.time_zone_guess === undefined || autoEndOfDay?.enabled !== shown.auto_end_of_day.enabled) return others;
  const { enabled: _shown, ...times } = autoEndOfDay;
  return { ...others, auto_end_of_day: times };
}

/** Refuses automatic closes where the time zone is only a guess (D30). */
function refuseGuess({ time_zone: zone, time_zone_guess: guess }: StoreConfiguration): void {
  if (guess === undefined) return;
  const message = `cannot be enabled while the time zone, ${zone}, is a guess. ${guess}`;
  throw invalidRequest({ path: "/body/auto_end_of_day/enabled", message });
}

/** Refuses exceptions that name a day twice, or not exactly one of `closed` and `time`. Throws `invalid_request`. */
function refuseExceptions(exceptions: readonly { date: string; closed?: true; time?: string }[]): void {
  const path = (index: number) => `/body/auto_end_of_day/exceptions/${index}`;
  const faults = exceptions.flatMap(({ date, closed, time }, index) => {
    if ((closed === undefined) === (time === undefined))
      return [{ path: path(index), message: "must have either `closed` or `time`" }];
    const twice = exceptions.findIndex((other) => other.date === date) < index;
    return twice ? [{ path: `${path(index)}/date`, message: "comes twice" }] : [];
  });
  if (faults.length > 0) throw invalidRequest(...faults);
}

/** Throws `invalid_request`. */
function refuseAddresses(mailTo: readonly { address: string }[]): void {
  const faults = recipientFaults(mailTo, "/body/mail_to");
  if (faults.length > 0) throw invalidRequest(...faults);
}

/** Merges set values. Defaults are not stored, so that later defaults reach all stores without a value of their own. */
function merged(set: StoreConfigurationPatch, patch: StoreConfigurationPatch): StoreConfigurationPatch {
  const autoEndOfDay =
    patch.auto_end_of_day === null ? {} : withoutNulls({ ...set.auto_end_of_day, ...patch.auto_end_of_day });
  const timeZone = patch.time_zone === undefined ? set.time_zone : patch.time_zone;
  const startsAt =
    patch.business_day_starts_at === undefined ? set.business_day_starts_at : patch.business_day_starts_at;
  const mailTo = patch.mail_to === undefined ? set.mail_to : patch.mail_to;
  return {
    ...(mailTo && mailTo.length > 0 && { mail_to: mailTo }),
    ...(Object.keys(autoEndOfDay).length > 0 && { auto_end_of_day: autoEndOfDay }),
    ...(startsAt && { business_day_starts_at: startsAt }),
    ...(timeZone && { time_zone: timeZone }),
  };
}

function withoutNulls<T extends object>(value: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
