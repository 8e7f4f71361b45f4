import { describe, expect, it } from "vitest";
import { batchTable, inBatchOrder } from "./batch-table.ts";

interface Reading {
  name: string;
  at: Date | null;
  seen: object | null;
}

const readings = batchTable<Reading>({
  name: ["text", (row) => row.name],
  at: ["timestamptz", (row) => row.at],
  seen: ["jsonb", (row) => row.seen],
});
const at = new Date("2026-11-27T12:00:00Z");

describe("a batch as a table", () => {
  it("names its columns and its parameters in one order", () => {
    const arrays = "unnest($1::text[], $2::timestamptz[], $3::jsonb[])";
    expect(readings.columns).toBe("name, at, seen");
    expect(readings.as("row")).toBe(`${arrays} as row (name, at, seen)`);
    expect(readings.numberedAs("row")).toBe(`${arrays} with ordinality as row (name, at, seen, position)`);
    expect(readings.next).toBe("$4");
    const rows = [
      { name: "a", at, seen: { n: 1 } },
      { name: "b", at: null, seen: null },
    ];
    expect(readings.values(rows)).toEqual([
      ["a", "b"],
      [at, null],
      ['{"n":1}', null],
    ]);
  });

  it("takes only rows and values that fit", () => {
    // @ts-expect-error A number is no text.
    batchTable<Reading>({ name: ["text", () => 1] });
    // @ts-expect-error The rows have no such field.
    batchTable<Reading>({ other: ["text", (row) => row.other] });
    // @ts-expect-error There is no such type.
    batchTable<Reading>({ name: ["varchar", (row) => row.name] });
    // @ts-expect-error A row lacks fields.
    expect(readings.values([{ name: "a", at }])[2]).toEqual([undefined]);
  });
});

it("puts what was found in the order of the batch", () => {
  const found = [{ position: 3 }, { position: 1 }];
  expect(inBatchOrder(["a", "b", "c"], found)).toEqual([{ position: 1 }, undefined, { position: 3 }]);
});
