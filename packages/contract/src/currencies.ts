/**
 * Amounts are whole numbers in the minor unit of their currency: øre, cents. How many of them make one of the currency is the
 * exponent of ISO 4217 (list one), a power of ten: 2 for nearly all, and these others. Acquirers and runtimes have tables of
 * their own (`Intl` shows forints without fillér, some acquirers count ISK in hundredths): none of them counts here.
 */
const exponents: Readonly<Record<number, string>> = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
};
const usual = 2;

const byCode: ReadonlyMap<string, number> = new Map(
  Object.entries(exponents).flatMap(([exponent, codes]) => codes.split(" ").map((code) => [code, Number(exponent)])),
);

/** The digits behind the decimal point of a currency (ISO 4217); 2 for a code that has none of its own. */
export function currencyExponent(code: string): number {
  return byCode.get(code) ?? usual;
}

/** What "minor unit" means, for the descriptions of fields. */
export const minorUnitRule =
  `The minor unit is that of ISO 4217: a hundredth of most currencies (1234 NOK are 12.34 kroner), the currency itself for ` +
  `${exponents[0]?.split(" ").join(", ")} (1234 ISK are 1234 krónur), a thousandth for ${exponents[3]?.split(" ").join(", ")}, ` +
  `a ten-thousandth for ${exponents[4]?.split(" ").join(", ")}.`;
