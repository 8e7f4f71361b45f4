import { currencyExponent } from "@tillkeeper/contract/currencies";
import { numberFormat, tagOf } from "../app/formats.ts";
import { shownLanguage } from "../app/language.ts";

/** An amount in minor units as text, by the reader's language and the currency's own number of digits (ISO 4217). */
function moneyText(minor: number, currency: string): string {
  const digits = currencyExponent(currency);
  return numberFormat(tagOf(shownLanguage()), {
    style: "currency",
    currency,
    currencyDisplay: "code",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(minor / 10 ** digits);
}

/** An amount in minor units. */
export function Money({ minor, currency }: { minor: number; currency: string }) {
  return <span className="figure">{moneyText(minor, currency)}</span>;
}
