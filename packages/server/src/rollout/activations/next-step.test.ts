import { describe, expect, it } from "vitest";
import { nextStep } from "./next-step.ts";
import type { ActivationRow, Facts } from "./queries.ts";

const pace = { everyMs: 10_000, tries: 3 };
const at = (ms: number) => new Date(Date.UTC(2026, 10, 20) + ms);
const silent: Facts = { status: "ACTION_REQUIRED", answered: false, asked: false };

function task(attempt: number, askAt: number): ActivationRow {
  return {
    account_id: "P11223351",
    id: "019a0000-0000-7000-8000-000000000000",
    terminal_id: "P11223351-T0013",
    store_id: "S312",
    status: "RUNNING",
    attempt,
    look_at: at(0),
    ask_at: at(askAt),
    created_at: at(0),
    created_by: "client",
    updated_at: at(0),
    updated_by: "client",
  };
}

describe("the next step of an activation", () => {
  it("asks at once, looks for the answer soon, and asks again after the interval", () => {
    expect(nextStep(task(0, 0), silent, pace, at(0))).toEqual({
      kind: "ask",
      attempt: 1,
      look_at: at(1_000),
      ask_at: at(10_000),
    });
    expect(nextStep(task(1, 10_000), silent, pace, at(1_000))).toEqual({ kind: "wait", look_at: at(10_000) });
    expect(nextStep(task(1, 10_000), silent, pace, at(10_000))).toMatchObject({ kind: "ask", attempt: 2 });
  });

  it("does not look in between while no device has connected, and counts those tries, too", () => {
    const step = nextStep(task(0, 0), { ...silent, status: "PENDING" }, pace, at(0));
    expect(step).toEqual({ kind: "ask", attempt: 1, look_at: at(10_000), ask_at: at(10_000) });
  });

  it("waits for a question that is under way, even when the tries are used up", () => {
    const step = nextStep(task(3, 0), { ...silent, asked: true }, pace, at(50_000));
    expect(step).toEqual({ kind: "wait", look_at: at(51_000) });
  });

  it("succeeds by any answer, also by one to the last question", () => {
    for (const attempt of [0, 3])
      expect(nextStep(task(attempt, 0), { ...silent, answered: true }, pace, at(0))).toEqual({ kind: "succeed" });
  });

  it("is exhausted when the time of the last question is over, or when the terminal is deleted", () => {
    expect(nextStep(task(3, 30_000), silent, pace, at(29_999))).toEqual({ kind: "wait", look_at: at(30_000) });
    expect(nextStep(task(3, 30_000), silent, pace, at(30_000))).toEqual({ kind: "exhaust" });
    const deleted: Facts = { status: "DELETED", answered: true, asked: true };
    expect(nextStep(task(0, 0), deleted, pace, at(0))).toEqual({ kind: "exhaust" });
  });
});
