import { describe, expect, it, vi } from "vitest";
import { batched } from "./batch.ts";

function harness(slots: number, maxQueue = 100) {
  const batches: number[][] = [];
  const release: (() => void)[] = [];
  const call = batched<number, number>({
    slots,
    maxBatch: 4,
    maxQueue,
    overload: () => new Error("full"),
    run: async (batch) => {
      batches.push(batch);
      await new Promise<void>((resolve) => release.push(resolve));
      if (batch.includes(-1)) throw new Error("bad batch");
      return batch.map((n) => n * 10);
    },
  });
  return { batches, release, call };
}

describe("batched", () => {
  it("sends a lone call at once and batches what waits behind it, in order and at most maxBatch", async () => {
    const { batches, release, call } = harness(1);
    const answers = [1, 2, 3, 4, 5, 6].map(call);
    expect(batches).toEqual([[1]]);
    release.shift()?.();
    expect(await answers[0]).toBe(10);
    await expect.poll(() => batches).toEqual([[1], [2, 3, 4, 5]]);
    release.shift()?.();
    await expect.poll(() => batches.length).toBe(3);
    release.shift()?.();
    expect(await Promise.all(answers)).toEqual([10, 20, 30, 40, 50, 60]);
  });

  it("fails every call of a failed batch and goes on with the next", async () => {
    const { release, call } = harness(1);
    const bad = call(-1);
    const good = call(7);
    release.shift()?.();
    await expect(bad).rejects.toThrow("bad batch");
    await expect.poll(() => release.length).toBe(1);
    release.shift()?.();
    expect(await good).toBe(70);
  });

  it("rests after a batch of several so that the next one grows, unless that is full already", async () => {
    vi.useFakeTimers();
    try {
      const batches: number[][] = [];
      const call = batched<number, number>({
        slots: 2,
        maxBatch: 4,
        maxQueue: 100,
        restMs: 20,
        overload: () => new Error("full"),
        run: async (batch) => {
          batches.push(batch);
          await Promise.resolve();
          return batch;
        },
      });
      // The first two go out alone, one in each slot. Calls made meanwhile go out together, and a rest follows.
      await Promise.all([1, 2, 3, 4].map(call));
      expect(batches).toEqual([[1], [2], [3, 4]]);
      const resting = [5, 6].map(call);
      await vi.advanceTimersByTimeAsync(19);
      expect(batches).toHaveLength(3);
      await vi.advanceTimersByTimeAsync(1);
      await Promise.all(resting);
      expect(batches[3]).toEqual([5, 6]);
      await Promise.all([7, 8, 9, 10].map(call));
      expect(batches[4]).toEqual([7, 8, 9, 10]);
      await vi.advanceTimersByTimeAsync(20);
      for (const lone of [11, 12]) await call(lone);
      expect(batches.slice(5)).toEqual([[11], [12]]);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("refuses when the queue is full instead of growing", async () => {
    const { release, call } = harness(1, 2);
    const accepted = [call(1), call(2), call(3)];
    await expect(call(4)).rejects.toThrow("full");
    release.shift()?.();
    await expect.poll(() => release.length).toBe(1);
    release.shift()?.();
    await Promise.all(accepted);
  });
});
