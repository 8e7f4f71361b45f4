import { closingRules } from "@tillkeeper/contract/closings/rules";
import {
  type ClosingStep,
  type ClosingTerminalState,
  closingReasonMeanings,
  closingSteps,
} from "@tillkeeper/contract/closings/states";

/** The rules of closings in their order, with the states that a terminal can have by each. */
export function closingRulesTable(statesOf: (rule: string) => ReadonlySet<ClosingTerminalState>): string {
  const rows = closingRules.map(({ rule }, index) => {
    const states = [...statesOf(rule)].map((state) => `\`${state}\``);
    return `| ${index + 1} | ${rule} | ${states.join(", ")} |`;
  });
  return ["| | what is so | `state` |", "| --- | --- | --- |", ...rows].join("\n");
}

/** Every step that a closing can name, with its words. */
export function closingStepsTable(): string {
  const rows = (Object.keys(closingSteps) as ClosingStep[]).map((step) => {
    const { retryable, text } = closingSteps[step];
    return `| \`${step}\` | ${retryable ? "yes" : "no"} | ${text} |`;
  });
  return ["| `next_step` | `retryable` | `next_step_text` |", "| --- | --- | --- |", ...rows].join("\n");
}

/** The reasons that only closings have. */
export function closingReasonsTable(): string {
  const rows = Object.entries(closingReasonMeanings).map(([reason, meaning]) => `| \`${reason}\` | ${meaning} |`);
  return ["| `reason` | |", "| --- | --- |", ...rows].join("\n");
}
