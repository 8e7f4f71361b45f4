const dayMs = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
    formats.set(timeZone, format);
  }
  return format;
}

/** What a clock in the zone is ahead of UTC at the instant, in milliseconds. */
function offsetMs(timeZone: string, at: number): number {
  const name = formatOf(timeZone).format(at);
  const offset = /GMT(?:(?<sign>[+-])(?<hours>\d\d):(?<minutes>\d\d)(?::(?<seconds>\d\d))?)?$/.exec(name)?.groups;
  if (!offset?.["sign"]) return 0;
  const { sign, hours, minutes, seconds = 0 } = offset;
  return (sign === "-" ? -1 : 1) * ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}

/** What a clock in the zone shows at the instant, as the milliseconds of a UTC clock that shows the same. */
export function wallClockMs(timeZone: string, at: number): number {
  return at + offsetMs(timeZone, at);
}

/**
 * The first instant at which a clock in the zone shows `wallMs` (as `wallClockMs` counts) or later. An hour that comes
 * twice counts when it comes first; of an hour that is skipped, the instant after the gap counts. A zone changes its
 * offset at most once in four days.
 */
export function firstInstantAt(timeZone: string, wallMs: number): number {
  const before = offsetMs(timeZone, wallMs - 2 * dayMs);
  const after = offsetMs(timeZone, wallMs + 2 * dayMs);
  if (before === after) return wallMs - before;
  const [earlier, later] = [wallMs - Math.max(before, after), wallMs - Math.min(before, after)];
  if (wallClockMs(timeZone, earlier) === wallMs) return earlier;
  if (wallClockMs(timeZone, later) === wallMs) return later;
  return changeBetween(timeZone, earlier, later);
}

/** The instant between the two at which the zone changes its offset. */
function changeBetween(timeZone: string, from: number, to: number): number {
  const old = offsetMs(timeZone, from);
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMs(timeZone, middle) === old) low = middle;
    else high = middle;
  }
  return high;
}
