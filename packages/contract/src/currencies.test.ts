import { codes, code as entryOf } from "currency-codes";
import { describe, expect, it } from "vitest";
import { currencyExponent, minorUnitRule } from "./currencies.ts";

// adyen-web #2922, stripe-ios #3986: ISK has no decimals by ISO 4217, and two elsewhere.
describe("the exponent of a currency", () => {
  it("is that of ISO 4217, for every currency in its list", () => {
    // Metals, test codes and units of account have no minor unit, and no terminal takes them.
    const money = codes().filter((code) => !/^X(?!AF|CD|OF|PF)/.test(code));
    expect(money.length).toBeGreaterThan(160);
    for (const code of money) expect([code, currencyExponent(code)]).toEqual([code, entryOf(code)?.digits]);
  });

  it("is two for a code that has none of its own", () => {
    expect(["XCG", "ZZZ"].map(currencyExponent)).toEqual([2, 2]);
  });

  it("stands in the descriptions of amounts", () => {
    for (const text of ["ISK", "JPY", "KWD", "ISO 4217"]) expect(minorUnitRule).toContain(text);
  });
});
