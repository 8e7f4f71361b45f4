import { describe, expect, it } from "vitest";
import type { Stand } from "./advance.ts";
import { gatherAdvances } from "./gathered.ts";
import type { ClosingKey, ClosingRecord } from "./queries.ts";

const accountId = "T32000001";
const keyOf = (id: string): ClosingKey => ({ accountId, id });
const standOf = ({ id }: ClosingKey): Stand => ({
  closing: { account_id: accountId, id } as ClosingRecord,
  members: [],
});

/** Batches in the order in which they began, each answered when the test says so. */
function held(answer: (keys: readonly ClosingKey[]) => Stand[]) {
  const batches: string[][] = [];
  const go = Promise.withResolvers<void>();
  const advance = gatherAdvances(async (keys) => {
    batches.push(keys.map(({ id }) => id));
    await go.promise;
    return answer(keys);
  });
  return { advance, batches, go: go.resolve };
}

describe("closings that are carried forward at the same time", () => {
  it("share batches, one that comes twice is in a batch once, and each request gets its own", async () => {
    const { advance, batches, go } = held((keys) => keys.map(standOf));
    const all = ["a", "b", "c", "d", "c"].map((id) => advance(keyOf(id)));
    go();
    expect((await Promise.all(all)).map((stand) => stand?.closing.id)).toEqual(["a", "b", "c", "d", "c"]);
    expect(batches).toEqual([["a"], ["b"], ["c", "d"]]);
  });

  it("do not fail with another of their batch", async () => {
    const { advance, go } = held((keys) => {
      if (keys.some(({ id }) => id === "c")) throw new Error("c fails");
      return keys.map(standOf);
    });
    const all = ["a", "b", "c", "d"].map((id) => advance(keyOf(id)));
    go();
    const settled = await Promise.allSettled(all);
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  });

  it("answer nothing of one that is still moving", async () => {
    const { advance, go } = held(() => []);
    go();
    expect(await advance(keyOf("a"))).toBeUndefined();
  });
});
