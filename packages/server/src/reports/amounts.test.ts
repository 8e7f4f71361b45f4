import { describe, expect, it } from "vitest";
import { sumOf } from "./account-list.ts";
import { decimalOf } from "./amounts.ts";
import { csvHeader } from "./csv.ts";

describe("amounts of reports", () => {
  it("are decimal text with as many digits as the currency has", () => {
    const texts = [decimalOf(1234, 2), decimalOf(-5, 2), decimalOf(7, 0), decimalOf(-1, 3), decimalOf(0, 2)];
    expect(texts).toEqual(["12.34", "-0.05", "7", "-0.001", "0.00"]);
    expect(decimalOf(Number.MAX_SAFE_INTEGER, 2)).toBe("90071992547409.91");
  });

  it("are added up over stores, each currency for itself, and what is missing stays named", () => {
    const nok = { currency: "NOK", exponent: 2, batches_count: 2, sale_amount: 100, tip_amount: 1 };
    const sums = sumOf([
      nok,
      { ...nok, batches_count: 3, sale_amount: -250, incomplete: ["tip_amount"] },
      { currency: "ISK", exponent: 0, batches_count: 1, sale_amount: 9 },
    ]);
    expect(sums).toMatchObject([
      { currency: "ISK", batches_count: 1, sale_amount: 9 },
      { currency: "NOK", batches_count: 5, sale_amount: -150, tip_amount: 2 },
    ]);
    expect(sums[1]?.incomplete).toContain("tip_amount");
    expect(sums[1]?.incomplete).not.toContain("sale_amount");
  });

  it("stand under a head that ends its line as RFC 4180 wants it", () => {
    expect(csvHeader).toMatch(/^account_id,[a-z_,]+,tip_amount\r\n$/);
  });
});
