import { describe, expect, it } from "vitest";
import { serverNames } from "../stage/topology.ts";
import { faultKinds } from "./kinds.ts";
import { makeSchedule } from "./schedule.ts";

describe("the schedule of faults", () => {
  it("is the same for the same seed, and another for another seed", () => {
    const schedule = makeSchedule({ seed: 7, minutes: 5 });
    expect(makeSchedule({ seed: 7, minutes: 5 })).toEqual(schedule);
    expect(makeSchedule({ seed: 8, minutes: 5 })).not.toEqual(schedule);
  });

  it("is this one for seed 1: whoever changes it changes what recorded runs mean", () => {
    expect(makeSchedule({ seed: 1, minutes: 0.2 })).toMatchInlineSnapshot(`
      [
        {
          "atMs": 1000,
          "forMs": 4456,
          "kind": "agents.pause",
          "pick": 0.9810509674716741,
          "target": "agents-0",
        },
        {
          "atMs": 2563,
          "forMs": 2162,
          "kind": "broker.kill",
          "pick": 0.425796952098608,
          "target": "broker",
        },
        {
          "atMs": 4157,
          "forMs": 847,
          "kind": "database.pause_backend",
          "pick": 0.40374476509168744,
          "target": "database",
        },
        {
          "atMs": 6178,
          "forMs": 3362,
          "kind": "database.go_back",
          "pick": 0.7986842156387866,
          "target": "database",
        },
        {
          "atMs": 6932,
          "forMs": 3503,
          "kind": "server.pause",
          "pick": 0.758442840538919,
          "target": "server-1",
        },
        {
          "atMs": 8250,
          "forMs": 323,
          "kind": "link.cut",
          "pick": 0.41319697513245046,
          "target": "server-0:database",
        },
      ]
    `);
  });

  it("has every kind of fault, and more than 500 of them in 20 minutes", () => {
    const schedule = makeSchedule({ seed: 3, minutes: 20 });
    expect(schedule.length).toBeGreaterThan(500);
    expect(new Set(schedule.map(({ kind }) => kind))).toEqual(new Set(faultKinds.map(({ name }) => name)));
  });

  it("has the database go back once at least, in short runs, too", () => {
    for (let seed = 0; seed < 20; seed += 1) {
      expect(makeSchedule({ seed, minutes: 0.5 }).map(({ kind }) => kind)).toContain("database.go_back");
    }
  });

  it("lifts every fault before the end", () => {
    for (const { atMs, forMs } of makeSchedule({ seed: 4, minutes: 3 })) expect(atMs + forMs).toBeLessThan(180_000);
  });

  it("never hits a target again before it had time to come back", () => {
    const schedule = makeSchedule({ seed: 5, minutes: 10 });
    const over = new Map<string, number>();
    for (const { atMs, kind, target, forMs } of schedule) {
      expect(over.get(target) ?? 0).toBeLessThanOrEqual(atMs);
      over.set(target, atMs + forMs + (faultKinds.find(({ name }) => name === kind)?.rest ?? 0));
    }
  });

  it("always leaves one server unhurt, but for the fault that kills all of them", () => {
    const schedule = makeSchedule({ seed: 6, minutes: 10 }).filter(({ kind }) => kind !== "servers.kill");
    for (const { atMs } of schedule) {
      const hurt = schedule.filter((fault) => fault.atMs <= atMs && atMs < fault.atMs + fault.forMs);
      const servers = new Set(hurt.map(({ target }) => target.split(":")[0] as string));
      expect(serverNames.some((name) => !servers.has(name))).toBe(true);
    }
  });
});
