import { describe, expect, it } from "vitest";
import { ApiError } from "../../platform/errors.ts";
import type { Stand } from "../progress/advance.ts";
import type { ClosingKey, ClosingRecord } from "../queries.ts";
import type { MadeClosing } from "./close-new.ts";
import { batchAdvances, batchNewClosings } from "./request-batches.ts";
import type { CloseRequest } from "./requests.ts";

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
  const advance = batchAdvances(async (keys) => {
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

describe("requests to close the running day that come at the same time", () => {
  const requestOf = (account: string, storeId: string): CloseRequest => {
    return { accountId: account, clientId: "till", storeId, idempotencyKey: null, body: {} };
  };
  const madeOf = ({ storeId: id }: CloseRequest) => ({ id }) as MadeClosing;

  it("share batches with those of their account, and never wait for another account", async () => {
    const batches: string[] = [];
    const first = Promise.withResolvers<void>();
    const close = batchNewClosings(async (account, requests) => {
      batches.push(`${account}: ${requests.map(({ storeId }) => storeId).join(" ")}`);
      if (account === "first") await first.promise;
      return requests.map(madeOf);
    });
    const slow = ["a", "b", "c", "d"].map((id) => close(requestOf("first", id)));
    expect(await close(requestOf("second", "e"))).toMatchObject({ id: "e" });
    first.resolve();
    expect(await Promise.all(slow)).toMatchObject(["a", "b", "c", "d"].map((id) => ({ id })));
    expect(batches).toEqual(["first: a", "second: e", "first: b c d"]);
  });

  it("are each left to be treated alone when their batch fails, unless it is refused", async () => {
    let error: Error = new Error("the connection was lost");
    const close = batchNewClosings(() => Promise.reject(error));
    expect(await close(requestOf("first", "a"))).toBeUndefined();
    error = new ApiError("service_unavailable", "Too much is going on; try again.");
    await expect(close(requestOf("first", "a"))).rejects.toBe(error);
  });
});
