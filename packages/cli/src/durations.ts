const units: Readonly<Record<string, number>> = { d: 86_400, h: 3_600, m: 60, s: 1 };

/** Seconds of a duration as people type it: `90s`, `5m`, `8h`, `1d12h`. Undefined for anything else, and for none at all. */
export function readDuration(text: string): number | undefined {
  if (!/^(?:\d{1,7}[dhms]){1,4}$/.test(text)) return undefined;
  const seconds = [...text.matchAll(/(\d{1,7})([dhms])/g)].reduce(
    (sum, [, count = "", unit = ""]) => sum + Number(count) * (units[unit] ?? 0),
    0,
  );
  return seconds > 0 ? seconds : undefined;
}

/** The same as ISO 8601 has it, in whole days, hours, minutes and seconds. */
export function isoDuration(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const rest = [Math.floor((seconds % 86_400) / 3_600), Math.floor((seconds % 3_600) / 60), seconds % 60];
  const time = rest.map((count, index) => (count > 0 ? `${count}${"HMS"[index]}` : "")).join("");
  return `P${days > 0 ? `${days}D` : ""}${time === "" ? "" : `T${time}`}`;
}
