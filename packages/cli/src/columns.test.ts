import { expect, test } from "vitest";
import { columns } from "./columns.ts";

test("makes each cell as wide as the widest of its column, without blanks at the end", () => {
  const rows = [
    ["a", "bbb", ""],
    ["aa", "b", "c"],
  ];
  expect(columns(rows, "  ")).toEqual(["  a   bbb", "  aa  b    c"]);
});

test("colour codes take no width", () => {
  const rows = [
    ["\u001B[31ma\u001B[39m", "x"],
    ["aaa", "x"],
  ];
  expect(columns(rows)).toEqual(["\u001B[31ma\u001B[39m    x", "aaa  x"]);
});
