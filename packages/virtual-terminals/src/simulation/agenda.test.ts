import { expect, test } from "vitest";
import { seededRandom } from "../virtual/day.ts";
import { Agenda } from "./agenda.ts";

/** A clock that moves only when the test says so, and that counts its timers. */
function standingClock() {
  let now = 0;
  const timers = new Set<{ at: number; action: () => void }>();
  return {
    timers,
    clock: {
      now: () => now,
      monotonic: () => now,
      after: (delayMs: number, action: () => void) => {
        const timer = { at: now + delayMs, action };
        timers.add(timer);
        return () => void timers.delete(timer);
      },
    },
    goTo: (at: number) => {
      now = at;
      for (const timer of timers) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.action();
      }
    },
  };
}

test("does everything in order, whatever order it was noted in, with one timer", () => {
  const { clock, timers, goTo } = standingClock();
  const agenda = new Agenda(clock);
  const random = seededRandom("agenda");
  const done: number[] = [];
  const times = Array.from({ length: 1000 }, () => Math.floor(random() * 500));
  for (const at of times) agenda.note(at, () => done.push(at));
  expect(timers.size).toBe(1);
  for (let at = 0; at <= 500; at += 7) {
    goTo(at);
    expect(timers.size).toBeLessThanOrEqual(1);
    expect(done).toEqual(times.filter((time) => time <= at).toSorted((a, b) => a - b));
  }
  goTo(500);
  expect(done).toHaveLength(1000);
});

test("keeps the order of what is noted for one instant, and takes what is noted while it works", () => {
  const { clock, goTo } = standingClock();
  const agenda = new Agenda(clock);
  const done: string[] = [];
  agenda.note(5, () => {
    done.push("first");
    agenda.noteIn(0, () => done.push("third"));
    agenda.noteIn(1, () => done.push("later"));
  });
  agenda.note(5, () => done.push("second"));
  agenda.note(Number.POSITIVE_INFINITY, () => done.push("never"));
  goTo(5);
  expect(done).toEqual(["first", "second", "third"]);
  goTo(6);
  expect(done.at(-1)).toBe("later");
});

test("does nothing more once it is closed, not even what was due", () => {
  const { clock, timers, goTo } = standingClock();
  const agenda = new Agenda(clock);
  const done: number[] = [];
  agenda.note(1, () => agenda.close());
  agenda.note(1, () => done.push(1));
  goTo(1);
  agenda.note(2, () => done.push(2));
  goTo(3);
  expect(done).toEqual([]);
  expect(timers.size).toBe(0);
});
