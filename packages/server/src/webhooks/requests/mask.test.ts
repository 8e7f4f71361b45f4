import { describe, expect, it } from "vitest";
import { applyMask, readMask, withoutFields } from "./mask.ts";

const store = {
  store_id: "S1",
  address: {
    country: "NO",
    lines: [
      { text: "a", n: 1 },
      { text: "b", n: 2 },
    ],
  },
  status: "ACTIVE",
};

function masked(text: string): unknown {
  const mask = readMask(text);
  if (typeof mask === "string") throw new Error(mask);
  return applyMask(mask, store);
}

describe("a mask of fields", () => {
  it.each([
    ["store_id,status", { store_id: "S1", status: "ACTIVE" }],
    ["address/country", { address: { country: "NO" } }],
    ["address(country,lines/text)", { address: { country: "NO", lines: [{ text: "a" }, { text: "b" }] } }],
    ["address/*/n", { address: { country: "NO", lines: [{ n: 1 }, { n: 2 }] } }],
    ["*", store],
    ["address/country,address", { address: store.address }],
    ["address/country,address/lines/n", { address: { country: "NO", lines: [{ n: 1 }, { n: 2 }] } }],
    ["nothing", {}],
  ])("leaves what it names: %s", (text, left) => {
    expect(masked(text)).toEqual(left);
  });

  it.each(["", ",", "a,", "a(", "a(b", "a)", "a//b", "a b", "a/", "(a)", "/a", "a".concat("/a".repeat(30))])(
    "is refused where it is none: %j",
    (text) => {
      expect(readMask(text)).toBeTypeOf("string");
    },
  );

  it("has its counterpart in names that are left out at every depth", () => {
    expect(withoutFields(new Set(["n", "status"]), store)).toEqual({
      store_id: "S1",
      address: { country: "NO", lines: [{ text: "a" }, { text: "b" }] },
    });
  });
});
