import { currencyExponent } from "@tillkeeper/contract/currencies";

/** An amount for people: minor units with as many decimals as ISO 4217 gives the currency, which is not always what `Intl` shows. */
export function formatAmount(minorUnits: number, currency: string): string {
  const digits = currencyExponent(currency);
  const format = new Intl.NumberFormat("en", {
    style: "currency",
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  // As text, so that amounts beyond 15 digits keep them all.
  return format.format(`${minorUnits}E-${digits}` as `${number}`);
}
