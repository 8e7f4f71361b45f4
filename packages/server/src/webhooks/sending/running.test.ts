import { describe, expect, it } from "vitest";
import { type Claimed, lanes } from "./claim.ts";
import { Running } from "./running.ts";

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
    const counts = () => Object.fromEntries(running.in(lanes.fast).underWay);
    const all = [1, 2, 3, 4, 5, 6, 7, 8].map((id) => claimed(id));
    for (const one of all) running.take(one);
    expect(counts()).toEqual({
      "of S1": 8,
      "by A1": 8,
      ...Object.fromEntries(all.map((_, n) => [`at host-${n + 1}.example`, 1])),
    });
    for (const one of all) expect(running.drift(one)).toBe(true);
    expect(counts()).toEqual({ "of S1": 8 });
    expect(running.freeIn(lanes.fast)).toBe(512);
    for (const one of all) running.leave(one);
    expect(counts()).toEqual({});
  });

  it("of one account leave room in each lane for others", () => {
    const running = new Running();
    for (const lane of [lanes.fast, lanes.slow, lanes.ping]) {
      const room = running.freeIn(lane);
      const { underWay, most } = running.in(lane);
      expect(most.account).toBe(room / 4);
      const own = Array.from({ length: most.account }, (_, n) => claimed(n, { lane, subscription_id: `S${n}` }));
      for (const one of own) running.take(one);
      expect([underWay.get("by A1"), running.freeIn(lane)]).toEqual([most.account, room - most.account]);
      for (const one of own) running.leave(one);
      expect([underWay.size, running.freeIn(lane)]).toEqual([0, room]);
    }
  });
});
