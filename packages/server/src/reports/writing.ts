import { currencyExponent } from "@tillkeeper/contract/currencies";
import { type ClosingFigure, closingFigureNames } from "@tillkeeper/contract/http/closing-schemas";
import type { Language, Words } from "@tillkeeper/words/languages";
import { reportWords } from "@tillkeeper/words/report";
import { decimalOf } from "./amounts.ts";

/** How words, numbers and dates of a page are written. */
export interface Writing {
  language: Language;
  say: (words: Words) => string;
  /** A figure of a close; what was not told is said so. */
  figure: (figure: ClosingFigure, value: number | undefined, currency: string) => string;
  count: (value: number) => string;
  /** A business day, YYYY-MM-DD. */
  day: (day: string) => string;
  /** An instant in the store's time zone, with its name. */
  instant: (at: string | Date) => string;
}

/** Writes in a language as it is written in the country, by the clocks of the zone. */
export function writingOf(
  language: Language,
  { country, timeZone }: { country: string | null; timeZone: string },
): Writing {
  const locale = country ? `${language}-${country}` : language === "en" ? "en-GB" : language;
  const numbers = new Map<number, Intl.NumberFormat>();
  const numberOf = (digits: number) => {
    const known =
      numbers.get(digits) ??
      new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    numbers.set(digits, known);
    return known;
  };
  const days = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeZone: "UTC" });
  const instants = new Intl.DateTimeFormat(locale, {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZone,
    timeZoneName: "short",
  });
  const say = (words: Words) => words[language];
  const count = (value: number) => numberOf(0).format(value);
  return {
    language,
    say,
    count,
    figure: (figure, value, currency) => {
      if (value === undefined) return say(reportWords.unknownAmount);
      if (!figure.endsWith("_amount")) return count(value);
      const exponent = currencyExponent(currency);
      return numberOf(exponent).format(decimalOf(value, exponent));
    },
    day: (day) => days.format(new Date(`${day}T00:00:00Z`)),
    instant: (at) => instants.format(new Date(at)),
  };
}

/** Whether a word names a figure of a close. */
export function isFigure(word: string): word is ClosingFigure {
  return (closingFigureNames as string[]).includes(word);
}
