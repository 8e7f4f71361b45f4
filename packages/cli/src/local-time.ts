/** Date and time of day that clocks in a zone show at an instant. */
export function localParts(at: Date, zone: string): { date: string; time: string } {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    dateStyle: "short",
    timeStyle: "medium",
    hourCycle: "h23",
  });
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return {
    date: `${part["year"]}-${part["month"]}-${part["day"]}`,
    time: `${part["hour"]}:${part["minute"]}:${part["second"]}`,
  };
}

/** The last time before `now` at which clocks in the zone showed this time of day, as date and time without an offset. */
export function latestAt(time: string, now: Date, zone: string): string {
  const local = localParts(now, zone);
  if (time <= local.time) return `${local.date}T${time}`;
  // The day before by the calendar, whatever the clocks did in between.
  const before = new Date(Date.parse(`${local.date}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
  return `${before}T${time}`;
}
