import { expect, it } from "vitest";
import { type NextStep, nextSteps, showStep, stepAfter, stepAfterLate, stepForStatus } from "./next-steps.ts";
import { operationReasons, timeoutReasons } from "./operation-reasons.ts";
import { operationNames, operationsAllowed } from "./operations.ts";

it("is known after every operation and every reason, and each step comes from somewhere", () => {
  const after = operationNames.flatMap((name) => operationReasons.map((reason) => stepAfter(name, reason)));
  for (const step of after) expect(nextSteps[step].text).toMatch(/^[A-Z].*\.$/);
  const refused = Object.keys(operationsAllowed).map((status) =>
    stepForStatus(status as keyof typeof operationsAllowed),
  );
  const elsewhere: NextStep[] = ["wait_until_free", "nothing", "update_terminal", "day_still_open"];
  expect(new Set([...after, ...refused, ...elsewhere])).toEqual(new Set([...Object.keys(nextSteps), undefined]));
});

it("never tells a program to send a close again where the day may be closed and nothing compares", () => {
  for (const reason of ["invalid_result", "storage_failed"] as const)
    expect(showStep(stepAfter("end_of_day", reason)).retryable).toBe(false);
  for (const reason of operationReasons) {
    expect(stepAfter("end_of_day", reason, true)).toBe("check_the_close");
    expect(stepAfter("open_menu", reason, true)).toBe(stepAfter("open_menu", reason));
  }
  expect(stepAfter("end_of_day", "device_error")).toBe("look_at_terminal");
  // The close of before was never begun, or the terminal compares it with its last one (D27).
  for (const reason of Object.values(timeoutReasons))
    expect(showStep(stepAfter("end_of_day", reason)).retryable).toBe(true);
});

// Rapyd's banking reports: a close agrees, does not agree, or is not confirmed; "declined" is COMPLETED, and closes nothing.
it("is by what was answered late, not by its status: a close that was declined has left the day open", () => {
  const late = (operation: (typeof operationNames)[number], result: unknown) =>
    stepAfterLate(operation, { status: "COMPLETED", result });
  const batch_id = "118";
  expect(late("end_of_day", { outcome: "accepted", batch_id })).toBe("nothing");
  expect(late("end_of_day", { outcome: "declined", batch_id })).toBe("day_still_open");
  expect(late("end_of_day", { outcome: "unconfirmed", batch_id })).toBe("check_the_close");
  expect(late("open_menu", { opened: true })).toBe("nothing");
  expect(late("open_menu", { opened: false })).toBe("send_again");
  expect(late("check_update", { outcome: "declined" })).toBe("nothing");
  expect(showStep("day_still_open").retryable).toBe(true);
});

it("is after a late FAILED as after that reason in time", () => {
  for (const operation of operationNames)
    for (const reason of operationReasons)
      expect(stepAfterLate(operation, { status: "FAILED", reason })).toBe(stepAfter(operation, reason));
});

/** A shopkeeper reads the sentence beside the operation: no menu was closed, and no log goes to the payment host. */
it("speaks of a close, and of the day, only after a close", () => {
  for (const operation of operationNames.filter((name) => name !== "end_of_day"))
    for (const reason of operationReasons) {
      const { next_step_text: text } = showStep(stepAfter(operation, reason));
      expect([operation, reason, text]).toEqual([operation, reason, expect.not.stringMatching(/\bday\b|\bclosed?\b/)]);
    }
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
