import { describe, expect, it } from "vitest";
import { operationReasons } from "../operation-reasons.ts";
import { attemptExamples } from "./attempts.examples.ts";
import { after, evening, lastCall, ready } from "./example-facts.ts";
import { closingRules, closingStateOf, standingOf } from "./rules.ts";
import type { Standing } from "./standing.ts";
import { standingExamples } from "./standings.examples.ts";
import { closingSteps } from "./states.ts";

const examples = { ...standingExamples, ...attemptExamples };

describe("a terminal in a closing", () => {
  it("has an example for each row of the table, and no others", () => {
    expect(Object.keys(examples)).toEqual(closingRules.map(({ rule }) => rule));
  });

  for (const [rule, rows] of Object.entries(examples)) {
    for (const [story, facts, stands, day = evening] of rows) {
      it(`${rule}: ${story}`, () => {
        const standing = standingOf({ ...ready, ...facts }, day);
        const shown = Object.keys(stands).map((field) => [field, standing[field as keyof Standing]]);
        expect([standing.rule, Object.fromEntries(shown)]).toEqual([rule, stands]);
      });
    }
  }

  it("never stands failed or unknown without a step", () => {
    for (const reason of operationReasons) {
      for (const day of [evening, lastCall]) {
        const { state, step } = standingOf({ ...ready, ...after({ end: "not_closed", reason }) }, day);
        expect([state, step && closingSteps[step].text.length > 9], reason).toEqual([expect.anything(), true]);
      }
    }
  });
});

describe("a closing", () => {
  it.each([
    [["closed", "waiting", "failed"], "running"],
    [["closed", "failed", "unknown"], "partly_closed"],
    [["closed", "unknown"], "unknown"],
    [["closed", "already_closed", "not_needed"], "closed"],
    [["not_needed"], "nothing_to_close"],
    [[], "nothing_to_close"],
  ] as const)("with %j is %s", (states, state) => {
    expect(closingStateOf(states)).toBe(state);
  });
});
