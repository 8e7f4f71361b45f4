import { type StoreConfigurationPatch, usualBusinessDayStart } from "@tillkeeper/contract/http/store-configuration";
import { invalidRequest } from "../../platform/errors.ts";

/** After most shops have closed; the night is left to reach terminals that are switched off. */
const usualTime = "23:30";

/** The times of day that say when a store's days are closed, each as HH:MM. */
interface ClosingTimes {
  /** When the automatic end of day begins, and until when it goes on. */
  time: string;
  retryUntil: string;
  /** When the next business day begins. */
  startsAt: string;
}

/**
 * The times of a store, by its settings. A `retry_until` behind the next begin of a business day counts as that begin: such values
 * were taken before stores had one.
 */
export function closingTimesOf(set: StoreConfigurationPatch): ClosingTimes {
  const times = timesAsSet(set);
  return passesBegin(times) ? { ...times, retryUntil: times.startsAt } : times;
}

/**
 * A day is closed before the next one begins (D32). Looks at what would be set, so that it does not matter which of the times a
 * patch names. Throws `invalid_request` at the time that the patch names.
 */
export function refuseLateRetries(patch: StoreConfigurationPatch, resulting: StoreConfigurationPatch): void {
  const times = timesAsSet(resulting);
  const place = placeOf(patch);
  if (!place || !passesBegin(times)) return;
  const { time, retryUntil, startsAt } = times;
  const message =
    `does not fit the other times: automatic closes from ${time} until ${retryUntil} would pass ${startsAt}, when the next business ` +
    `day begins. After ${time}, retry_until must come at ${startsAt} or before it; null makes it ${startsAt}`;
  throw invalidRequest({ path: `/body/${place}`, message });
}

function timesAsSet({ auto_end_of_day: set, business_day_starts_at: begin }: StoreConfigurationPatch): ClosingTimes {
  const startsAt = begin ?? usualBusinessDayStart;
  return { time: set?.time ?? usualTime, retryUntil: set?.retry_until ?? startsAt, startsAt };
}

function passesBegin({ time, retryUntil, startsAt }: ClosingTimes): boolean {
  return minutesUntil(retryUntil, time) > minutesUntil(startsAt, time);
}

/** The time that a patch names; undefined if it names none: the stored time is not checked again. */
function placeOf({
  auto_end_of_day: times,
  business_day_starts_at: begin,
}: StoreConfigurationPatch): string | undefined {
  if (times?.retry_until !== undefined) return "auto_end_of_day/retry_until";
  if (times?.time !== undefined) return "auto_end_of_day/time";
  return begin === undefined ? undefined : "business_day_starts_at";
}

const dayMinutes = 24 * 60;

/** Minutes after `from` until a clock shows `time`: a whole day if it does so already. */
function minutesUntil(time: string, from: string): number {
  return ((minutesOf(time) - minutesOf(from) + dayMinutes - 1) % dayMinutes) + 1;
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}
