import { describe, expect, it } from "vitest";
import { readMessage } from "./message.ts";
import { readOpenBatch } from "./open-batch.ts";

const count = { transactions_count: 3 };
const nok = { currency: "NOK", purchases_count: 3, purchases_amount: 30_000 };
const read = (open_batch: unknown) => {
  const at = "2026-06-29T09:00:00.000Z";
  return readMessage(
    "heartbeat",
    Buffer.from(JSON.stringify({ session: "a", sent_at: at, telemetry: { open_batch, printer: "ok" } })),
  );
};

describe("an open batch", () => {
  it("is kept as told, with its times in one form", () => {
    const most = Number.MAX_SAFE_INTEGER;
    const figures = {
      purchases_count: 2,
      reversals_count: 1,
      reversals_amount: 5,
      sale_amount: -most,
      tip_amount: most,
    };
    const currencies = [nok, { currency: "ZZZ", ...figures }, { currency: "EUR" }];
    expect(readOpenBatch({ ...count, oldest_at: "2026-06-29t11:00:00.5+02:00", currencies })).toEqual({
      ...count,
      oldest_at: "2026-06-29T09:00:00.500Z",
      currencies,
    });
    expect(readOpenBatch({ transactions_count: 0 })).toEqual({ transactions_count: 0 });
  });

  it.each([
    ["purchases_count", -1],
    ["purchases_amount", 2 ** 53],
    ["reversals_count", 0.5],
    ["reversals_amount", "12"],
    ["sale_amount", 1e21],
    ["tip_amount", null],
    ["tips", 5],
  ])("loses the figure %s %j, and nothing else", (name, value) => {
    const told = { currency: "EUR", [name]: value };
    expect(readOpenBatch({ ...count, currencies: [nok, told] })).toEqual({
      ...count,
      currencies: [nok, { currency: "EUR" }],
    });
  });

  it.each([
    ["oldest_at", "2026-02-30T12:00:00Z"],
    ["oldest_at", 5],
    ["oldest_at", null],
    ["currencies", "NOK"],
    ["currencies", {}],
    ["currencies", [null, 5, [], { currency: "nok" }, { purchases_count: 1 }]],
    // Which of the two is true cannot be known.
    ["currencies", [nok, { ...nok, purchases_amount: 1 }]],
    // Of 21, the first 20 would pass for all.
    ["currencies", Array.from({ length: 21 }, (_, index) => ({ currency: `A${String.fromCharCode(65 + index)}A` }))],
  ])("counts also with %s %j, which is left out", (name, value) => {
    expect(read({ ...count, [name]: value })).toEqual({
      message: expect.objectContaining({ telemetry: { open_batch: count, printer: "ok" } }),
    });
  });

  it.each([{}, null, 3, { transactions_count: -1 }, { transactions_count: 2 ** 53 }, { transactions_count: "3" }])(
    "without a count that can be is not understood: %j",
    (told) => {
      expect(read(told).places?.[0]?.path).toMatch(/^\/telemetry\/open_batch/);
    },
  );
});
