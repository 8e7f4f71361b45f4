/**
 * Names of time zones in today's spelling. The runtime's data (CLDR) keeps the name that a zone had when the data began, so that
 * other programs do not lose it; IANA's `zone.tab` has today's. Etc/UTC is the name that containers use.
 */
const todaysNames: Readonly<Record<string, string>> = {
  "Africa/Asmera": "Africa/Asmara",
  "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
  "America/Catamarca": "America/Argentina/Catamarca",
  "America/Coral_Harbour": "America/Atikokan",
  "America/Cordoba": "America/Argentina/Cordoba",
  "America/Godthab": "America/Nuuk",
  "America/Indianapolis": "America/Indiana/Indianapolis",
  "America/Jujuy": "America/Argentina/Jujuy",
  "America/Louisville": "America/Kentucky/Louisville",
  "America/Mendoza": "America/Argentina/Mendoza",
  "Asia/Calcutta": "Asia/Kolkata",
  "Asia/Katmandu": "Asia/Kathmandu",
  "Asia/Rangoon": "Asia/Yangon",
  "Asia/Saigon": "Asia/Ho_Chi_Minh",
  "Atlantic/Faeroe": "Atlantic/Faroe",
  "Etc/UTC": "UTC",
  "Europe/Kiev": "Europe/Kyiv",
  "Pacific/Enderbury": "Pacific/Kanton",
  "Pacific/Ponape": "Pacific/Pohnpei",
  "Pacific/Truk": "Pacific/Chuuk",
};

const todaysName = (zone: string) => todaysNames[zone] ?? zone;

/** Zones without a place: a distance from UTC, all year round. Their signs are the other way round than elsewhere. */
const distances = [
  ...Array.from({ length: 14 }, (_, hours) => `Etc/GMT-${hours + 1}`),
  ...Array.from({ length: 12 }, (_, hours) => `Etc/GMT+${hours + 1}`),
];

/** Every accepted name in lower case, with today's spelling. */
const names: ReadonlyMap<string, string> = new Map(
  [...Intl.supportedValuesOf("timeZone"), ...Object.keys(todaysNames), ...Object.values(todaysNames), ...distances].map(
    (name) => [name.toLowerCase(), todaysName(name)],
  ),
);

export type ReadTimeZone = { zone: string; instead?: undefined } | { zone?: undefined; instead: string | undefined };

/**
 * Reads the name of a time zone (D30). `zone` is the name in today's canonical spelling, whatever case it was given in; former
 * spellings are known because browsers and phones still send them. Other links of the IANA database are no zones:
 * `instead` is the zone that they lead to. Abbreviations have no one meaning (BST is British Summer Time to a person, Bangladesh to
 * CLDR), so nothing is guessed from them.
 */
export function readTimeZone(name: string): ReadTimeZone {
  const zone = names.get(name.toLowerCase());
  return zone === undefined ? { instead: linkedZone(name) } : { zone };
}

function linkedZone(name: string): string | undefined {
  // `Intl` also accepts offsets such as +01:00.
  if (!/^[A-Z]/i.test(name) || /^[A-Z]{1,4}$/i.test(name)) return undefined;
  try {
    return todaysName(new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone);
  } catch {
    // `Intl` throws a RangeError for an unknown zone.
    return undefined;
  }
}

/** The fault of a name for which `readTimeZone` has no zone, in words that follow the name of the field. */
export function timeZoneFault(instead: string | undefined): string {
  const wanted = "must be the name of an IANA time zone in today's spelling, such as Europe/Oslo";
  return instead === undefined ? wanted : `${wanted}: for this one, ${instead}`;
}

const ofCountries = new Map<string, readonly string[]>();

/**
 * The time zones of a country, a code of ISO 3166-1; none for the two uninhabited islands without one. Kept, because a look takes
 * a fifth of a millisecond, and a chain has a thousand stores.
 */
export function timeZonesOf(country: string): readonly string[] {
  const known = ofCountries.get(country);
  if (known) return known;
  const zones = readTimeZonesOf(country);
  ofCountries.set(country, zones);
  return zones;
}

function readTimeZonesOf(country: string): string[] {
  // ECMA-402 made the property a method; the types have neither.
  const locale = new Intl.Locale(`und-${country}`) as Intl.Locale & { getTimeZones(): string[] | undefined };
  return (locale.getTimeZones() ?? []).map(todaysName);
}

const weekMs = 7 * 86_400_000;

/** Whether clocks in all the zones show the same in the year and in the one after it, as they do in Berlin and Büsingen. */
export function showTheSame(zones: readonly string[], year: number): boolean {
  const [first, ...others] = zones.map(
    (timeZone) => new Intl.DateTimeFormat("en", { timeZone, dateStyle: "short", timeStyle: "short" }),
  );
  if (!first) return false;
  const weeks = Array.from({ length: 105 }, (_, week) => Date.UTC(year, 0, 1, 12) + week * weekMs);
  return weeks.every((instant) => {
    const shown = first.format(instant);
    return others.every((other) => other.format(instant) === shown);
  });
}
