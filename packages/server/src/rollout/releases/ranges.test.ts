import { expect, test } from "vitest";
import { partOf } from "./ranges.ts";

test.each([
  ["bytes=0-", { first: 0, last: 99 }],
  ["bytes=40-", { first: 40, last: 99 }],
  ["bytes=40-49", { first: 40, last: 49 }],
  ["bytes=40-4000", { first: 40, last: 99 }],
  ["bytes=99-99", { first: 99, last: 99 }],
  ["bytes=-10", { first: 90, last: 99 }],
  ["bytes=-1000", { first: 0, last: 99 }],
])("%s of 100 bytes", (range, part) => {
  expect(partOf(range, 100)).toEqual(part);
});

test.each([undefined, "", "bytes=", "bytes=-", "bytes=9-2", "bytes=0-1,5-6", "items=0-1", "bytes=a-b"])(
  "%s is the whole file",
  (range) => {
    expect(partOf(range, 100)).toBeUndefined();
  },
);

test.each(["bytes=100-", "bytes=100-200", "bytes=-0"])("%s cannot be had of 100 bytes", (range) => {
  expect(() => partOf(range, 100)).toThrow(
    expect.objectContaining({ code: "range_not_satisfiable", headers: { "content-range": "bytes */100" } }),
  );
});
