import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addUp, compare } from "./totals.ts";

const nok = { currency: "NOK", purchases_count: 2, sale_amount: 12_345 };
const sek = { currency: "SEK", purchases_count: 1, sale_amount: 500 };

describe("totals of a business day", () => {
  it("add up each currency for itself, with its exponent (ISO 4217)", () => {
    expect(addUp([nok, sek, { ...nok, sale_amount: -45 }, { currency: "ISK", sale_amount: 7 }])).toMatchObject([
      { currency: "ISK", exponent: 0, batches_count: 1, sale_amount: 7 },
      { currency: "NOK", exponent: 2, batches_count: 2, purchases_count: 4, sale_amount: 12_300 },
      { currency: "SEK", exponent: 2, batches_count: 1, sale_amount: 500 },
    ]);
  });

  it("name the figures that a batch does not tell, and those that no batch tells", () => {
    const [total] = addUp([nok, { currency: "NOK", sale_amount: 5 }]);
    expect(total).toMatchObject({ purchases_count: 2, sale_amount: 12_350 });
    expect(total).not.toHaveProperty("tip_amount");
    expect(total?.incomplete).toEqual([
      "purchases_count",
      "purchases_amount",
      "reversals_count",
      "reversals_amount",
      "tip_amount",
    ]);
  });

  it("are exact or left out, however large", () => {
    const most = Number.MAX_SAFE_INTEGER;
    const [total] = addUp([
      { currency: "NOK", sale_amount: most },
      { currency: "NOK", sale_amount: 1 },
    ]);
    expect(total).not.toHaveProperty("sale_amount");
    expect(total?.incomplete).toContain("sale_amount");
    const amounts = fc.array(fc.integer({ min: -most, max: most }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(amounts, (list) => {
        const exact = list.reduce((sum, amount) => sum + BigInt(amount), 0n);
        const [{ sale_amount: sum } = {}] = addUp(list.map((amount) => ({ currency: "NOK", sale_amount: amount })));
        expect(sum === undefined || BigInt(sum) === exact).toBe(true);
      }),
    );
  });
});

describe("the till's figures", () => {
  const totals = addUp([nok, sek]);
  const settled = { settled: true };
  it("agree when all that were sent are equal", () => {
    expect(compare([{ currency: "NOK", sale_amount: 12_345 }], totals, settled)).toEqual({
      state: "agrees",
      differences: [],
    });
  });

  it("differ by how much", () => {
    expect(compare([{ currency: "NOK", sale_amount: 12_000, purchases_count: 2 }], totals, settled)).toEqual({
      state: "differs",
      differences: [{ currency: "NOK", figure: "sale_amount", expected: 12_000, actual: 12_345, difference: 345 }],
    });
    expect(compare([{ currency: "DKK", sale_amount: 100 }], totals, settled).differences).toEqual([
      { currency: "DKK", figure: "sale_amount", expected: 100, actual: 0, difference: -100 },
    ]);
  });

  it("decide nothing while a terminal is to be closed, or does not tell a figure", () => {
    expect(compare([{ currency: "NOK", sale_amount: 1 }], totals, { settled: false }).state).toBe("undecided");
    expect(compare([{ currency: "NOK", tip_amount: 1 }], totals, settled).state).toBe("undecided");
  });
});
