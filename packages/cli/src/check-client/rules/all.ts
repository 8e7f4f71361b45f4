import type { RunLog } from "../run-log.ts";
import { keyRules } from "./keys.ts";
import { outcomeRules } from "./outcomes.ts";
import { judgeNewFields, requestRules } from "./requests.ts";
import { type JudgeFacts, type Judgement, type Rule, worst } from "./rule.ts";
import { tokenRules } from "./tokens.ts";
import { waitingRules } from "./waiting.ts";

/** All rules, in the order of reports. */
export const allRules: readonly Rule[] = [
  ...keyRules,
  ...waitingRules,
  ...outcomeRules,
  ...tokenRules,
  ...requestRules,
];

/** What a check found of one rule. */
export interface Finding {
  rule: Rule;
  verdict: "kept" | "broken" | "not tried";
  /** The scenario and the judgement that decide; undefined for a rule that was not tried. */
  scenario: string | undefined;
  judgement: Judgement | undefined;
  /** All scenarios in which it was broken. */
  brokenIn: readonly string[];
}

/** Judges all runs by all rules. */
export function judge(logs: readonly RunLog[], facts: Omit<JudgeFacts, "calm">): Finding[] {
  const calm = logs.find(({ scenario }) => scenario === "calm");
  // A program that stops at a new field breaks that rule, and shows nothing of others.
  const stopsAtFields = new Set(logs.filter((log) => judgeNewFields(log, { ...facts, calm })?.verdict === "broken"));
  return allRules.map((rule) => {
    const shown = rule.name === "unknown-fields" ? logs : logs.filter((log) => !stopsAtFields.has(log));
    const judged = shown.flatMap((log) => {
      const judgement = rule.judge(log, { ...facts, calm });
      return judgement ? [{ scenario: log.scenario, judgement }] : [];
    });
    const deciding = worst(judged.map(({ judgement }) => judgement));
    const brokenIn = judged.filter(({ judgement }) => judgement.verdict === "broken").map(({ scenario }) => scenario);
    return {
      rule,
      verdict: deciding?.verdict ?? "not tried",
      scenario: judged.find(({ judgement }) => judgement === deciding)?.scenario,
      judgement: deciding,
      brokenIn,
    };
  });
}
