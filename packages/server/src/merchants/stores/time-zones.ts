import type { Address, Organization } from "@tillkeeper/contract/http/stores";

/** Where a country has several time zones: that in which most of its people live. */
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

/** Whether it is the name of a time zone in the IANA database, old names included. */
export function isTimeZone(name: string): boolean {
  // `Intl` takes offsets as well, which know nothing of daylight saving.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    // RangeError is how `Intl` says no.
    return false;
  }
}

/**
 * The time zone of a store's country: that of its address, else that of its organization, which is Norwegian if it does
 * not say. A store without either is nowhere yet and keeps UTC.
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

/** `undefined` for the two uninhabited islands that have none. */
function onlyZone(country: string): string | undefined {
  // ECMA-402 made the property a method; the types know neither.
  const locale = new Intl.Locale(`und-${country}`) as Intl.Locale & { getTimeZones(): string[] | undefined };
  return locale.getTimeZones()?.[0];
}
