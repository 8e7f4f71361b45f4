import type { Language } from "@tillkeeper/words/languages";

/** The tag by which the browser writes numbers and dates. */
const tags: Readonly<Record<Language, string>> = { en: "en-GB", nb: "nb-NO", sv: "sv-SE", da: "da-DK" };
/** The tag of a country that writes dates as programs do: 2026-11-30. */
export const plainDates = "en-CA";

const dates = new Map<string, Intl.DateTimeFormat>();
const numbers = new Map<string, Intl.NumberFormat>();

/** How a language writes times. To make one takes longer than to use it a hundred times, so each is made once. */
export function dateFormat(tag: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return onceOf(dates, [tag, options], () => new Intl.DateTimeFormat(tag, options));
}

/** The tag of a language for `Intl`. */
export function tagOf(language: Language): string {
  return tags[language];
}

/**
 * Has the browser load what it needs to write times of a language, soon. The first format of each tag takes a slow phone a twentieth of a
 * second, any other one hardly anything, so each tag has a turn of its own.
 */
export function readyFormats(language: Language): void {
  for (const tag of [tagOf(language), plainDates])
    setTimeout(() => dateFormat(tag, { timeZone: "Europe/Oslo", month: "short" }));
}

/** How a language writes numbers. */
export function numberFormat(tag: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  return onceOf(numbers, [tag, options], () => new Intl.NumberFormat(tag, options));
}

function onceOf<Format>(made: Map<string, Format>, by: readonly unknown[], make: () => Format): Format {
  const key = JSON.stringify(by);
  const format = made.get(key) ?? make();
  made.set(key, format);
  return format;
}
