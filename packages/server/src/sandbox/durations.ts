import { dayMs, hourMs, minuteMs } from "../platform/time-spans.ts";

const duration = /^P(?:(?<days>\d+)D)?(?:T(?:(?<hours>\d+)H)?(?:(?<minutes>\d+)M)?(?:(?<seconds>\d+)S)?)?$/;

/** Milliseconds of an ISO 8601 duration of days, hours, minutes and seconds. */
export function durationMs(text: string): number {
  const { days = 0, hours = 0, minutes = 0, seconds = 0 } = duration.exec(text)?.groups ?? {};
  return Number(days) * dayMs + Number(hours) * hourMs + Number(minutes) * minuteMs + Number(seconds) * 1_000;
}
