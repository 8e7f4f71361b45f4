import { describe, expect, it } from "vitest";
import { planOf, readSandboxContent } from "./content.ts";

const stores = [
  { store_id: "oslo", store_name: "Oslo" },
  { store_id: "bergen", store_name: "Bergen" },
];

describe("the content of a sandbox", () => {
  it("is three stores and five terminals when nobody names any", () => {
    for (const content of [undefined, { clock: "2040-06-28T20:00:00Z" }]) {
      const { stores: usual, terminals, clock } = planOf(content);
      expect(usual).toHaveLength(3);
      expect(terminals.map(({ number }) => number)).toEqual(["001", "002", "003", "901", "904"]);
      expect(clock).toBe(content?.clock);
    }
  });

  it("has terminals in the order of their names, in their stores or the first", () => {
    const { terminals } = planOf({ stores, terminals: { b: { fault: "slow" }, a: { store_id: "bergen" } } });
    expect(terminals).toEqual([
      { name: "b", number: "001", storeId: "oslo", fault: "slow" },
      { name: "a", number: "002", storeId: "bergen", fault: undefined },
    ]);
  });

  it("has a store for terminals alone, and no terminal for stores alone", () => {
    expect(planOf({ terminals: { a: {} } }).stores).toEqual([{ store_id: "store", store_name: "Store" }]);
    expect(planOf({ stores }).terminals).toEqual([]);
  });

  it.each([
    ["{", "is not JSON"],
    ['{"terminals":{"1":{}}}', "/terminals"],
    ['{"terminals":{"a":{"fault":"boredom"}}}', "/terminals/a/fault"],
    ['{"stores":[{"store_name":"Oslo"}]}', "/stores/0"],
    ['{"stores":[]}', "/stores"],
    ['{"shops":[]}', "/shops is not known here"],
    ['{"clock":"tomorrow"}', "/clock"],
  ])("%s is refused", (text, reason) => {
    expect(() => readSandboxContent(text)).toThrow(reason);
  });

  it("names each store once", () => {
    expect(() => planOf({ stores: [stores[0], stores[0]] as typeof stores })).toThrow("names a store twice");
  });
});
