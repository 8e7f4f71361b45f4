import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Waits } from "./wait.ts";

describe("a request that waits", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
  afterEach(() => void vi.useRealTimers());

  const forever = () => new AbortController().signal;
  /** Something that is done at the look with this number, and how often it was looked at. */
  const doneAt = (number: number, group = "A") => {
    const subject = {
      group,
      known: 0,
      looks: 0,
      look: async () => {
        subject.looks += 1;
        return subject.looks;
      },
      isDone: (found: number) => found >= number,
    };
    return subject;
  };

  it("ends with the first look that finds it done", async () => {
    const subject = doneAt(3);
    expect(await new Waits().waitFor(subject, { seconds: 60, signal: forever() })).toEqual({ found: 3, applied: true });
    expect(subject.looks).toBe(3);
  });

  it("does not look at what is done already, and looks once when it may take no time", async () => {
    const done = doneAt(0);
    expect(await new Waits().waitFor(done, { seconds: 60, signal: forever() })).toEqual({ found: 0, applied: true });
    expect(done.looks).toBe(0);
    const never = doneAt(Number.POSITIVE_INFINITY);
    expect(await new Waits().waitFor(never, { seconds: 0, signal: forever() })).toEqual({ found: 1, applied: true });
  });

  it("looks a last time when the time is over", async () => {
    const subject = doneAt(Number.POSITIVE_INFINITY);
    const waiting = new Waits().waitFor(subject, { seconds: 60, signal: forever() });
    vi.advanceTimersByTime(59_990);
    const { found, applied } = await waiting;
    expect({ found, applied }).toEqual({ found: subject.looks, applied: true });
    expect(subject.looks).toBeLessThanOrEqual(2);
  });

  it("stops looking when the caller goes away, and when the server stops", async () => {
    const gone = new AbortController();
    const waits = new Waits();
    const left = doneAt(Number.POSITIVE_INFINITY);
    const stopped = doneAt(Number.POSITIVE_INFINITY);
    const waiting = [
      waits.waitFor(left, { seconds: 60, signal: gone.signal }),
      waits.waitFor(stopped, { seconds: 60, signal: forever() }),
    ];
    gone.abort();
    expect(await waiting[0]).toEqual({ found: left.looks, applied: false });
    waits.end();
    expect(await waiting[1]).toEqual({ found: stopped.looks, applied: false });
    const late = doneAt(1);
    expect(await waits.waitFor(late, { seconds: 60, signal: forever() })).toEqual({ found: 0, applied: false });
    expect([left.looks, late.looks]).toEqual([0, 0]);
  });

  it("goes on after a look that failed", async () => {
    const subject = doneAt(2);
    const { look } = subject;
    const failed = vi.fn<(error: unknown) => void>();
    subject.look = vi.fn<typeof look>(look).mockRejectedValueOnce(new Error("away"));
    expect(await new Waits().waitFor(subject, { seconds: 60, signal: forever(), failed })).toMatchObject({ found: 2 });
    expect(failed).toHaveBeenCalledOnce();
  });

  it("is answered at once where there is no place, and leaves places to other groups", async () => {
    const waits = new Waits({ places: { woken: 4, looking: 4 } });
    const subjects = [1, 2, 3].map(() => doneAt(Number.POSITIVE_INFINITY));
    const gone = new AbortController();
    const wait = { seconds: 60, signal: gone.signal };
    const waiting = subjects.slice(0, 2).map((subject) => waits.waitFor(subject, wait));
    expect(await waits.waitFor(subjects[2] as never, wait)).toEqual({ found: 0, applied: false });
    expect(await waits.waitFor(doneAt(1, "B"), wait)).toEqual({ found: 1, applied: true });
    gone.abort();
    await Promise.all(waiting);
    await turn();
    expect(await waits.waitFor(doneAt(1), { seconds: 60, signal: forever() })).toEqual({ found: 1, applied: true });
  });

  it("that is woken looks at once then, and is forgotten at its end", async () => {
    const wakes = new Set<() => void>();
    const onWake = (id: string, wake: () => void) => {
      expect(id).toBe("the operation");
      wakes.add(wake);
      return () => void wakes.delete(wake);
    };
    const waits = new Waits({ onWake, places: { woken: 2, looking: 0 } });
    const subject = { ...doneAt(3), wokenBy: "the operation" };
    const looks: (() => void)[] = [];
    let count = 0;
    const look = async () => {
      count += 1;
      looks.shift()?.();
      return count;
    };
    const looked = () => new Promise<void>((resolve) => void looks.push(resolve));
    const first = looked();
    const waiting = waits.waitFor({ ...subject, look }, { seconds: 60, signal: forever() });
    // The first look finds what happened before the wait was registered; the next would come after five seconds.
    await first;
    for (let round = 0; round < 2; round += 1) {
      const next = looked();
      for (const wake of wakes) wake();
      await next;
    }
    expect(await waiting).toEqual({ found: 3, applied: true });
    expect([count, wakes.size]).toEqual([3, 0]);
    const gone = new AbortController();
    const left = waits.waitFor(subject, { seconds: 60, signal: gone.signal });
    expect(wakes.size).toBe(1);
    gone.abort();
    expect(await left).toEqual({ found: 0, applied: false });
    expect(wakes.size).toBe(0);
  });
});
