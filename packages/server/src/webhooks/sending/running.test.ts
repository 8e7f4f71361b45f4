import { describe, expect, it } from "vitest";
import { Running } from "./running.ts";
import { type Claimed, lanes } from "./sql.ts";

describe("the requests that are under way", () => {
  const claimed = (id: number, more: Partial<Claimed> = {}) =>
    ({
      id: String(id),
      lane: lanes.fast,
      account_id: "A1",
      subscription_id: "S1",
      url: `http://host-${id}.example/`,
      ...more,
    }) as Claimed;

  it("keep their subscription's place when they take long, so that it has no more of them, and leave their lane", () => {
    const running = new Running();
    const all = [1, 2, 3, 4, 5, 6, 7, 8].map((id) => claimed(id));
    for (const one of all) expect(running.take(one)).toBe(true);
    expect(running.ofSubscriptions(lanes.fast).underWay).toEqual(new Map([["S1", 8]]));
    for (const one of all) expect(running.drift(one)).toBe(true);
    expect(running.ofSubscriptions(lanes.fast).underWay).toEqual(new Map([["S1", 8]]));
    expect(running.freeIn(lanes.fast)).toBe(512);
    for (const one of all) running.leave(one);
    expect(running.ofSubscriptions(lanes.fast).underWay).toEqual(new Map());
  });

  it("of one account leave room in each lane for others", () => {
    const running = new Running();
    for (const lane of [lanes.fast, lanes.slow, lanes.ping]) {
      const room = running.freeIn(lane);
      const own = Array.from({ length: room }, (_, n) => claimed(n, { lane, subscription_id: `S${n}` }));
      const taken = own.filter((one) => running.take(one));
      expect(taken).toHaveLength(room / 4);
      expect(running.fullAccountsIn(lane)).toEqual(["A1"]);
      expect(running.take(claimed(1_000, { lane, account_id: "A2" }))).toBe(true);
      for (const one of taken) running.leave(one);
      expect(running.fullAccountsIn(lane)).toEqual([]);
      running.leave(claimed(1_000, { lane, account_id: "A2" }));
    }
  });
});
