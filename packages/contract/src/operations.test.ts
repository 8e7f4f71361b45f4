import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";
import { limits } from "./limits.ts";
import { operationKinds, operationNames, operationsAllowed } from "./operations.ts";

describe.each(operationNames)("the kind %s", (name) => {
  const kind = operationKinds[name];

  it("has an example that is a result of it, and takes nothing but facts for facts", () => {
    expect(Value.Errors(kind.result, kind.example)).toEqual([]);
    expect(Value.Check(kind.facts, kind.example)).toBe(true);
    expect(Value.Check(kind.facts, {})).toBe(false);
  });

  it("adds fields that its result has, and has a window that may be asked for", () => {
    expect(Object.keys(kind.result.properties)).toEqual(expect.arrayContaining([...kind.added]));
    expect(kind.windowSeconds).toBeGreaterThanOrEqual(limits.operationTimeoutSecondsMin);
    expect(kind.windowSeconds).toBeLessThanOrEqual(limits.operationTimeoutSecondsMax);
  });
});

it("says by status what each terminal accepts: nothing before a device is there, no close before it has a configuration", () => {
  const withoutClose = operationNames.filter((name) => name !== "end_of_day");
  expect(operationsAllowed).toMatchObject({ DELETED: [], PENDING: [], ACTION_REQUIRED: withoutClose });
  for (const status of ["ACTIVE", "INACTIVE", "ERROR"] as const) {
    expect(operationsAllowed[status]).toEqual(operationNames);
  }
});
