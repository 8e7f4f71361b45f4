import type { TimelineAround } from "@tillkeeper/contract/http/timeline";
import { firstInstantAt, wallClockMs } from "../closings/days/time-zone.ts";
import { invalidRequest } from "../platform/errors.ts";
import { isDateTime } from "../platform/formats.ts";
import { dayMs, minuteMs } from "../platform/time-spans.ts";
import { dateInWords } from "./words/words.ts";

/** A time zone, and the span in which it counts: a terminal may have been moved to a store in another one. */
export interface ZoneSpan {
  timeZone: string;
  from: number;
  until: number;
}

/** The instants to look around, and what the answer says of them. */
export interface Around extends Omit<TimelineAround, "gap"> {
  times: number[];
}

/**
 * Reads a time to look around. Without an offset it is what clocks in the store showed: the zones are in their order, the last one
 * is the present one. Throws `invalid_request`.
 */
export function readAround(asked: string, zones: readonly ZoneSpan[]): Around {
  const [, time = "", offset] = /^(.*?)(Z|[+-]\d{2}:\d{2})?$/.exec(asked) ?? [];
  const whole = time.length === "2026-06-29T23:31".length ? `${time}:00` : time;
  if (!isDateTime(`${whole}${offset ?? "Z"}`)) {
    throw invalidRequest({ path: "/query/around", message: "is not a time of the calendar" });
  }
  if (offset !== undefined) return ofInstant(asked, Date.parse(`${whole}${offset}`));
  const wallMs = Date.parse(`${whole}Z`);
  for (const zone of zones.toReversed()) {
    const instants = instantsOf(zone.timeZone, wallMs);
    if (instants.some((at) => at >= zone.from && at < zone.until))
      return ofClock(asked, zone.timeZone, wallMs, instants);
  }
  const { timeZone } = zones.at(-1) ?? { timeZone: "UTC" };
  return ofClock(asked, timeZone, wallMs, instantsOf(timeZone, wallMs));
}

/**
 * The instants at which clocks in the zone show this: two where an hour comes twice. Of a time that they skip, the first
 * instant after the gap, as business days have it.
 */
function instantsOf(timeZone: string, wallMs: number): number[] {
  const first = firstInstantAt(timeZone, wallMs);
  // What clocks are ahead of UTC on either side: a zone changes it at most once in four days.
  const candidates = [wallMs - 2 * dayMs, wallMs + 2 * dayMs].map(
    (near) => wallMs - (wallClockMs(timeZone, near) - near),
  );
  const others = candidates.filter((at) => at > first && wallClockMs(timeZone, at) === wallMs);
  return [first, ...new Set(others)];
}

function ofInstant(asked: string, at: number): Around {
  const text = `That is ${timeInWords(at)} UTC on ${dayInWords(at)}.`;
  return { asked, times: [at], instants: [{ at: new Date(at).toISOString() }], text };
}

function ofClock(asked: string, timeZone: string, wallMs: number, times: number[]): Around {
  const instants = times.map((at) => ({ at: new Date(at).toISOString(), local: localTime(timeZone, at) }));
  const clock = `${timeInWords(wallMs)} on ${dayInWords(wallMs)}`;
  const [first = 0, second] = times;
  const text = () => {
    if (second !== undefined) {
      return (
        `Clocks in ${timeZone} showed ${clock} twice: at ${timeInWords(first)} UTC and at ${timeInWords(second)} UTC. ` +
        "Each has its part of the page."
      );
    }
    const shown = wallClockMs(timeZone, first);
    return shown === wallMs
      ? `${clock} in ${timeZone} was ${timeInWords(first)} UTC.`
      : `Clocks in ${timeZone} skipped ${clock}: they went on at ${timeInWords(shown)}, which was ${timeInWords(first)} UTC and is taken.`;
  };
  return { asked, time_zone: timeZone, times, instants, text: text() };
}

/** What clocks in the zone show, with their distance from UTC. */
function localTime(timeZone: string, at: number): string {
  const wallMs = wallClockMs(timeZone, at);
  const minutes = Math.round((wallMs - at) / minuteMs);
  const two = (number: number) => String(number).padStart(2, "0");
  const distance = `${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
  return `${new Date(wallMs).toISOString().slice(0, 19)}${minutes < 0 ? "-" : "+"}${distance}`;
}

function timeInWords(ms: number): string {
  const time = new Date(ms).toISOString().slice(11, 19);
  return time.endsWith(":00") ? time.slice(0, 5) : time;
}

function dayInWords(ms: number): string {
  return dateInWords(new Date(ms).toISOString().slice(0, 10));
}
