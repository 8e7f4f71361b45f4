import { expect, test } from "vitest";
import { formatAmount } from "./money.ts";

test("amounts have the decimals of ISO 4217, and all their digits", () => {
  const plain = (minorUnits: number, currency: string) => formatAmount(minorUnits, currency).replaceAll("\u00a0", " ");
  expect(plain(1_204_550, "NOK")).toBe("NOK 12,045.50");
  expect(plain(1_204_550, "ISK")).toBe("ISK 1,204,550");
  expect(plain(1_204_550, "JPY")).toBe("¥1,204,550");
  expect(plain(1_204_550, "KWD")).toBe("KWD 1,204.550");
  // CLDR, which `Intl` goes by, has no decimals for these two.
  expect(plain(1_204_550, "HUF")).toBe("HUF 12,045.50");
  expect(plain(-5, "COP")).toBe("-COP 0.05");
  expect(plain(Number.MAX_SAFE_INTEGER, "EUR")).toBe("€90,071,992,547,409.91");
  expect(plain(100, "ZZZ")).toBe("ZZZ 1.00");
});
