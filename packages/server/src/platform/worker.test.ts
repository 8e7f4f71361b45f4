import { describe, expect, it, vi } from "vitest";
import { createLogger } from "./log/log.ts";
import { Supervisor } from "./supervisor.ts";
import { every } from "./worker.ts";

const hourMs = 3_600_000;

interface Setting {
  intervalMs: number;
  backWithinMs?: number;
  work?: (round: number) => boolean | Promise<boolean>;
}

/** A worker whose rounds are counted, under a supervisor. */
function supervised({ intervalMs, work = () => false, backWithinMs = 1 }: Setting) {
  const supervisor = new Supervisor(createLogger("silent"));
  const seen = { begun: 0, rounds: 0, ended: 0 };
  const count = (what: keyof typeof seen) => () => {
    seen[what] += 1;
  };
  const round = async () => {
    seen.rounds += 1;
    return work(seen.rounds);
  };
  const worker = every("test.count", intervalMs, round, { backWithinMs, begin: count("begun"), end: count("ended") });
  supervisor.start(worker);
  const rounds = (least: number) => vi.waitFor(() => expect(seen.rounds).toBeGreaterThanOrEqual(least), 60_000);
  return { supervisor, worker, seen, rounds };
}

describe("workers", () => {
  it("work at once, and again after each interval, until they are stopped", async () => {
    const { supervisor, seen, rounds } = supervised({ intervalMs: 1 });
    await rounds(5);
    await supervisor.stop();
    expect(seen).toMatchObject({ begun: 1, ended: 1 });
    expect(supervisor.health()).toEqual([{ name: "test.count", state: "stopped", restarts: 0 }]);
  });

  it("go on without a rest while there is more to do, and when they are woken", async () => {
    const { supervisor, worker, seen, rounds } = supervised({ intervalMs: hourMs, work: (round) => round < 4 });
    await rounds(4);
    worker.wake();
    await rounds(5);
    await supervisor.stop();
    expect(seen.rounds).toBe(5);
  });

  it("do another round when they are woken during one", async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const work = (round: number) => (round === 1 ? promise : false);
    const { supervisor, worker, seen, rounds } = supervised({ intervalMs: hourMs, work });
    worker.wake();
    expect(seen.rounds).toBe(1);
    resolve(false);
    await rounds(2);
    await supervisor.stop();
    expect(seen.rounds).toBe(2);
  });

  it("begin again after a failure, however often", async () => {
    const work = (round: number) => {
      if (round < 8) throw new Error("no");
      return false;
    };
    const { supervisor, seen, rounds } = supervised({ intervalMs: hourMs, work });
    await rounds(8);
    expect(supervisor.health()).toEqual([{ name: "test.count", state: "running", restarts: 7 }]);
    await supervisor.stop();
    expect(seen).toEqual({ begun: 8, rounds: 8, ended: 1 });
  });

  it("are stopped one after the other, the last one first", async () => {
    const supervisor = new Supervisor(createLogger("silent"));
    const ended: string[] = [];
    for (const name of ["first", "second", "third"]) {
      supervisor.start(every(name, hourMs, async () => {}, { end: () => void ended.push(name) }));
    }
    await supervisor.stop();
    expect(ended).toEqual(["third", "second", "first"]);
  });
});
