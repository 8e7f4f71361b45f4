import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { RequestTurns } from "./request-turns.ts";

describe("turns of requests", () => {
  const stage = () => {
    const turns = new RequestTurns();
    const begun: string[] = [];
    const ask = (network: string, count = 1) => {
      for (let n = 0; n < count; n += 1) turns.take(network, () => void begun.push(network));
    };
    const of = (network: string) => begun.filter((one) => one === network).length;
    return { begun, ask, of };
  };

  it("begin at once while there are few of them", async () => {
    const { begun, ask } = stage();
    for (let turn = 1; turn <= 3; turn += 1) {
      ask("a", 4);
      ask("b", 2);
      expect(begun).toHaveLength(6 * turn);
      await nextTurn();
    }
  });

  it("come to others in the same turn, however many one network brings, and to all of them in the end", async () => {
    const { ask, of } = stage();
    ask("flooder", 1_000);
    expect(of("flooder")).toBe(4);
    ask("other");
    expect(of("other")).toBe(1);
    for (let turn = 1; turn <= 10; turn += 1) {
      await nextTurn();
      ask("flooder", 10);
      ask("other");
      expect(of("other")).toBe(turn + 1);
      expect(of("flooder")).toBeLessThanOrEqual(4 + 8 * (turn + 1));
    }
    // More than begin at once take turns with the flooder's.
    ask("another", 12);
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
    expect(of("another")).toBe(12);
    for (let turn = 0; turn < 200; turn += 1) await nextTurn();
    expect(of("flooder")).toBe(1_100);
  });
});
