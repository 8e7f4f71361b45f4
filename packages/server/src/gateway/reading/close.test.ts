import { describe, expect, it } from "vitest";
import { readClose } from "./close.ts";
import { readMessage } from "./message.ts";

const facts = { outcome: "accepted", batch_id: "118" } as const;

describe("the figures of a close", () => {
  // hiero-ledger/hiero-mirror-node #13912: amounts beyond 2^53 change without a word. tdegrunt/jsonschema #285: 30 February
  // passes as a date-time. RFC 3339 sections 5.6 and 5.7: the hour is 00-23.
  it.each([
    ["start_of_day_at", "2026-02-30T12:00:00Z"],
    ["start_of_day_at", "2026-06-29T24:00:00Z"],
    ["last_end_of_day_at", "2026-06-30T23:59:60Z"],
    ["last_end_of_day_at", "yesterday"],
    ["last_end_of_day_at", 1_782_750_000],
    ["purchases_amount", 2 ** 53],
    ["purchases_amount", -(2 ** 53)],
    ["sale_amount", 1e21],
    ["tip_amount", 12.5],
    ["tip_amount", "12"],
    ["purchases_count", -1],
    ["reversals_count", 0.5],
    ["reversals_amount", null],
    ["currency", "nok"],
    ["currency", "NO"],
  ])("leave out and name %s %j, and keep the close", (name, value) => {
    expect(readClose({ ...facts, [name]: value })).toEqual({ ...facts, invalid_fields: [name] });
  });

  it("are kept at their limits, and with a currency that this server does not know", () => {
    const most = Number.MAX_SAFE_INTEGER;
    // ISO 4217 gets new codes each few years (XCG came in 2025); a list of them would take the currency from a real close.
    const told = { ...facts, purchases_amount: most, reversals_amount: -most, purchases_count: 0, currency: "ZZZ" };
    expect(readClose(told)).toEqual(told);
  });

  it("have their times in UTC and in one form, whichever zone, case and precision they are told in", () => {
    for (const [told, kept] of [
      ["2026-06-29T09:00:00Z", "2026-06-29T09:00:00Z"],
      ["2026-06-29t09:00:00z", "2026-06-29T09:00:00Z"],
      ["2026-06-29T09:00:00.000Z", "2026-06-29T09:00:00.000Z"],
      ["2026-06-29T09:00:00.000000Z", "2026-06-29T09:00:00Z"],
      ["2026-06-29T11:00:00.123456789+02:00", "2026-06-29T09:00:00.123Z"],
      ["2026-06-28T23:30:00-09:30", "2026-06-29T09:00:00Z"],
    ] as const)
      expect(readClose({ ...facts, start_of_day_at: told })).toEqual({ ...facts, start_of_day_at: kept });
  });

  // ury-erp/ury #387: the end of a period before its start. fiskaltrust/middleware #324: totals that do not add up.
  it("are kept as told where they contradict each other, with the rule that they break", () => {
    for (const [figures, broken] of [
      [{ purchases_amount: 100, reversals_amount: 10, tip_amount: 5, sale_amount: 85 }, undefined],
      [{ purchases_amount: 100, reversals_amount: 10, tip_amount: 5, sale_amount: 86 }, ["sale_amount"]],
      [{ purchases_amount: 100, tip_amount: 101 }, ["tip_above_purchases"]],
      [
        { start_of_day_at: "2026-06-29T09:00:00Z", last_end_of_day_at: "2026-06-29T10:59:59+02:00" },
        ["end_before_start"],
      ],
    ] as const)
      expect(readClose({ ...facts, ...figures }).inconsistent).toEqual(broken);
  });
});

describe("a time of a message by the device's own clock", () => {
  const id = "019cb0f2-7a31-7c44-9d1e-5a0b6f2c8e10";
  const read = (channel: "result" | "started" | "delivered", message: object) =>
    readMessage(channel, Buffer.from(JSON.stringify({ operation_id: id, ...message })));
  const wrong = ["2026-02-30T12:00:00Z", "2026-06-29T24:00:00Z", "", 5, null];

  it("that cannot be costs no fact, and is named with the figures of a close", () => {
    for (const at of wrong) {
      const close = { operation: "end_of_day", status: "COMPLETED", finished_at: at, started_at: at, result: facts };
      expect(read("result", close).message).toMatchObject({
        result: { ...facts, invalid_fields: ["started_at", "finished_at"] },
      });
      const menu = { operation: "open_menu", status: "COMPLETED", finished_at: at, result: { opened: true } };
      expect(read("result", menu).message).toMatchObject({ result: { opened: true } });
      expect(read("started", { started_at: at }).places).toBeUndefined();
      expect(read("delivered", { received_at: at }).places).toBeUndefined();
    }
  });

  it("has to be there", () => {
    const close = { operation: "end_of_day", status: "COMPLETED", result: facts };
    expect(read("result", close)).toMatchObject({ places: [{ message: expect.stringContaining("finished_at") }] });
  });
});
