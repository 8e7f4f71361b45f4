import type { StoreConfiguration } from "@tillkeeper/contract/http/store-configuration";
import type { Address, Organization } from "@tillkeeper/contract/http/stores";
import { readTimeZone, showTheSame, timeZonesOf } from "../../platform/time-zones.ts";

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

type StoreTimeZone = Pick<StoreConfiguration, "time_zone" | "time_zone_source" | "time_zone_guess">;

interface Place {
  /** The zone that was set for the store, by any name that was accepted when it was set. */
  configured: string | undefined;
  /** The account's default. */
  ofAccount: string | null;
  address: Address | null;
  organization: Organization | null;
  /** The running year: zones of a country may come to differ. */
  year: number;
}

const untilThen = "Until then the automatic end of day stays off.";

/**
 * The time zone of a store, and where it comes from (D30). What was set for the store counts; then a country whose clocks all
 * show the same; then the account's default, unless it is a zone of another country than the store's. The rest are guesses: the
 * zone of a country with several in which most people live, the country of the organization (Norwegian by default) for want
 * of an address, and UTC.
 */
export function timeZoneOf({ configured, ofAccount, address, organization, year }: Place): StoreTimeZone {
  const set = configured === undefined ? undefined : todaysZone(configured);
  if (set !== undefined) return { time_zone: set, time_zone_source: "store" };
  const zones = address ? timeZonesOf(address.country) : [];
  const ofCountry = address && zoneIn(address.country);
  if (address && ofCountry && clocksAgree(address.country, year))
    return { time_zone: ofCountry, time_zone_source: "country" };
  if (ofAccount !== null && (zones.length === 0 || zones.includes(ofAccount))) {
    return { time_zone: ofAccount, time_zone_source: "account" };
  }
  if (address && ofCountry) {
    const guess = `The store's country, ${address.country}, has several time zones; this is the one where most of its people live. Set time_zone. ${untilThen}`;
    return { time_zone: ofCountry, time_zone_source: "country", time_zone_guess: guess };
  }
  const country = address ? undefined : organization && (organization.country ?? "NO");
  const ofOrganization = country ? zoneIn(country) : undefined;
  if (ofOrganization) {
    const guess = `The store has no address; this is the time zone of its organization's country, ${country}. Set time_zone, or give the store its address. ${untilThen}`;
    return { time_zone: ofOrganization, time_zone_source: "country", time_zone_guess: guess };
  }
  const guess = `Nothing says where the store is. Set time_zone, or give the store an address. ${untilThen}`;
  return { time_zone: "UTC", time_zone_source: "default", time_zone_guess: guess };
}

const agreements = new Map<string, boolean>();

/** Whether all clocks of a country show the same, this year and the next. Kept, because a chain has a thousand stores in one country. */
function clocksAgree(country: string, year: number): boolean {
  const key = `${country} ${year}`;
  const known = agreements.get(key);
  if (known !== undefined) return known;
  const agree = showTheSame(timeZonesOf(country), year);
  agreements.set(key, agree);
  return agree;
}

/** Today's name of a zone that was set, also by a name that would be refused today; undefined for what meant no place. */
function todaysZone(name: string): string | undefined {
  const { zone, instead } = readTimeZone(name);
  return zone ?? instead;
}

function zoneIn(country: string): string | undefined {
  return mostPopulous[country] ?? timeZonesOf(country)[0];
}
