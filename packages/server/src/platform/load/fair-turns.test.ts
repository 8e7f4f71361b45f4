import { describe, expect, it, onTestFinished, vi } from "vitest";
import { fairTurns } from "./fair-turns.ts";

const limits = { slots: 1, mostPerMember: 4, mostPerGroup: 16, mostWaiting: 100, overload: () => new Error("full") };

/** Runs what is asked for one by one, each when the test says so. */
function stage(options: Partial<typeof limits> & { patienceMs?: number } = {}) {
  const run = fairTurns({ ...limits, ...options });
  const begun: string[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  const refused: string[] = [];
  const ask = (group: string, member = "client") => {
    const name = `${group}/${member}`;
    const asked = run({ group, member }, () => {
      begun.push(name);
      const end = Promise.withResolvers<void>();
      ends.push(end);
      return end.promise;
    });
    asked.catch(() => refused.push(name));
    return asked;
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    begun,
    refused,
    ask,
    settle,
    /** Ends the oldest piece of work that runs; the next one begins. */
    endOne: async (error?: Error) => {
      await settle();
      const end = ends.shift();
      if (error) end?.reject(error);
      else end?.resolve();
      await settle();
    },
  };
}

describe("turns", () => {
  it("come to a newcomer after one of each that was there, however much those asked for", async () => {
    const { ask, begun, refused, endOne, settle } = stage();
    const strangers = ["a", "b", "c", "d", "e", "f"];
    for (let n = 0; n < 50; n += 1) for (const stranger of strangers) void ask(stranger).catch(() => undefined);
    await settle();
    // One runs, four of each wait, and the rest was refused.
    expect(refused).toHaveLength(50 * 6 - 1 - 4 * 6);
    const newcomer = ask("newcomer");
    for (let turn = 0; turn < strangers.length + 1; turn += 1) await endOne();
    expect(begun.slice(1)).toContain("newcomer/client");
    await endOne();
    await newcomer;
  });

  it("go round among the members of a group, too", async () => {
    const { ask, begun, endOne } = stage();
    for (const member of ["x", "x", "x", "y", "z"]) void ask("a", member);
    void ask("b", "x");
    for (let turn = 0; turn < 6; turn += 1) await endOne();
    expect(begun).toEqual(["a/x", "a/x", "b/x", "a/y", "a/z", "a/x"]);
  });

  it("are refused where a share is used up, and nowhere else", async () => {
    const { ask, refused, endOne, settle } = stage({ mostPerMember: 2, mostPerGroup: 3, mostWaiting: 5 });
    for (const member of ["x", "x", "x", "x", "y", "y"]) void ask("a", member).catch(() => undefined);
    await settle();
    expect(refused).toEqual(["a/x", "a/y"]);
    void ask("b").catch(() => undefined);
    void ask("c").catch(() => undefined);
    void ask("d").catch(() => undefined);
    await settle();
    expect(refused).toEqual(["a/x", "a/y", "d/client"]);
    await endOne();
    void ask("d").catch(() => undefined);
    await settle();
    expect(refused).toHaveLength(3);
  });

  it("go on after work that fails, and run as many at once as there are slots", async () => {
    const { ask, begun, endOne, settle } = stage({ slots: 2 });
    const failing = ask("a");
    void ask("b");
    void ask("c");
    await settle();
    expect(begun).toEqual(["a/client", "b/client"]);
    await endOne(new Error("failed"));
    await expect(failing).rejects.toThrow("failed");
    expect(begun).toEqual(["a/client", "b/client", "c/client"]);
  });

  it("leave as many slots to others as a group takes, so that a newcomer begins at once", async () => {
    const { ask, begun, endOne, settle } = stage({ slots: 8, mostPerMember: 100, mostPerGroup: 100 });
    const flood = () => {
      for (let n = 0; n < 50; n += 1) void ask("a").catch(() => undefined);
    };
    flood();
    await settle();
    expect(begun).toEqual(["a/client", "a/client", "a/client", "a/client"]);
    flood();
    for (const other of ["b", "c", "b", "b", "d"]) void ask(other);
    await settle();
    // The third of `b` waits: `d`, who came later, finds the last slot.
    expect(begun.slice(4)).toEqual(["b/client", "c/client", "b/client", "d/client"]);
    // What comes free is for who has nothing yet.
    await endOne();
    void ask("e");
    await settle();
    expect(begun.slice(8)).toEqual(["e/client"]);
    for (let end = 0; end < 8; end += 1) await endOne();
    expect(begun.slice(9)).toContain("b/client");
  });

  it("are waited for no longer than the patience; what has begun may take its time", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const { ask, begun, refused, endOne, settle } = stage({ patienceMs: 1_000 });
    const first = ask("a");
    void ask("a", "gives up").catch(() => undefined);
    await vi.advanceTimersByTimeAsync(900);
    void ask("a", "waits");
    await vi.advanceTimersByTimeAsync(200);
    await settle();
    expect(refused).toEqual(["a/gives up"]);
    await endOne();
    await first;
    expect(begun).toEqual(["a/client", "a/waits"]);
    await endOne();
    await vi.advanceTimersByTimeAsync(5_000);
    expect({ begun, refused }).toEqual({ begun: ["a/client", "a/waits"], refused: ["a/gives up"] });
  });
});
