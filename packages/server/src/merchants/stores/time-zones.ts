import type { Address, Organization } from "@tillkeeper/contract/http/stores";

/** For countries with several time zones: the zone in which most of the people live. */
const mostPopulous: Record<string, string> = {
  AQ: "Antarctica/McMurdo",
  AR: "America/Argentina/Buenos_Aires",
  AU: "Australia/Sydney",
  BR: "America/Sao_Paulo",
  CA: "America/Toronto",
  CD: "Africa/Kinshasa",
  CL: "America/Santiago",
  CN: "Asia/Shanghai",
  CY: "Asia/Nicosia",
  DE: "Europe/Berlin",
  EC: "America/Guayaquil",
  ES: "Europe/Madrid",
  FM: "Pacific/Chuuk",
  GL: "America/Nuuk",
  ID: "Asia/Jakarta",
  KI: "Pacific/Tarawa",
  KZ: "Asia/Almaty",
  MH: "Pacific/Majuro",
  MN: "Asia/Ulaanbaatar",
  MX: "America/Mexico_City",
  MY: "Asia/Kuala_Lumpur",
  NZ: "Pacific/Auckland",
  PF: "Pacific/Tahiti",
  PG: "Pacific/Port_Moresby",
  PS: "Asia/Hebron",
  PT: "Europe/Lisbon",
  RU: "Europe/Moscow",
  UA: "Europe/Kyiv",
  UM: "Pacific/Midway",
  US: "America/New_York",
  UZ: "Asia/Tashkent",
};

/** Whether the name is a time zone of the IANA database, old names included. */
export function isTimeZone(name: string): boolean {
  // `Intl` also accepts offsets, which have no daylight saving.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    // `Intl` throws a RangeError for an unknown zone.
    return false;
  }
}

/**
 * The time zone of a store's country: the country of its address, else of its organization, which is Norwegian by
 * default. A store without either has no place yet and keeps UTC.
 */
export function timeZoneOf({
  address,
  organization,
}: {
  address: Address | null;
  organization: Organization | null;
}): string {
  const country = address?.country ?? (organization && (organization.country ?? "NO"));
  if (!country) return "UTC";
  return mostPopulous[country] ?? onlyZone(country) ?? "UTC";
}

/** `undefined` for the two uninhabited islands without a time zone. */
function onlyZone(country: string): string | undefined {
  // ECMA-402 made the property a method; the types have neither.
  const locale = new Intl.Locale(`und-${country}`) as Intl.Locale & { getTimeZones(): string[] | undefined };
  return locale.getTimeZones()?.[0];
}
