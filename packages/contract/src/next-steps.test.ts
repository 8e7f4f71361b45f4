import { expect, it } from "vitest";
import { type NextStep, nextSteps, showStep, stepAfter, stepForStatus } from "./next-steps.ts";
import { operationReasons, timeoutReasons } from "./operation-reasons.ts";
import { operationNames, operationsAllowed } from "./operations.ts";

it("is known after every operation and every reason, and each step comes from somewhere", () => {
  const after = operationNames.flatMap((name) => operationReasons.map((reason) => stepAfter(name, reason)));
  for (const step of after) expect(nextSteps[step].text).toMatch(/^[A-Z].*\.$/);
  const refused = Object.keys(operationsAllowed).map((status) =>
    stepForStatus(status as keyof typeof operationsAllowed),
  );
  const elsewhere: NextStep[] = ["wait_until_free", "nothing", "update_terminal"];
  expect(new Set([...after, ...refused, ...elsewhere])).toEqual(new Set([...Object.keys(nextSteps), undefined]));
});

it("never tells a program to send a close again where the day may be closed and nothing compares", () => {
  expect(showStep(stepAfter("end_of_day", "invalid_result")).retryable).toBe(false);
  for (const reason of operationReasons) {
    expect(stepAfter("end_of_day", reason, true)).toBe("check_the_close");
    expect(stepAfter("open_menu", reason, true)).toBe(stepAfter("open_menu", reason));
  }
  expect(stepAfter("end_of_day", "device_error")).toBe("look_at_terminal");
  // The close of before was never begun, or the terminal compares it with its last one (D27).
  for (const reason of Object.values(timeoutReasons))
    expect(showStep(stepAfter("end_of_day", reason)).retryable).toBe(true);
});

it("says for every status that refuses an operation what comes first", () => {
  for (const [status, allowed] of Object.entries(operationsAllowed)) {
    const refuses = operationNames.some((name) => !(allowed as readonly string[]).includes(name));
    expect(stepForStatus(status as keyof typeof operationsAllowed) !== undefined, status).toBe(
      refuses && status !== "DELETED",
    );
  }
  expect(showStep(stepForStatus("ACTION_REQUIRED") as NextStep).next_step_text).toContain("`check_update`");
});
