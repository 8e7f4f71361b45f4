import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { StepRunner } from "./step-runner.ts";

let printed = "";
const { signal } = new AbortController();

beforeEach(() => {
  printed = "";
  const print = (text: unknown) => {
    printed += String(text);
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(print);
  vi.spyOn(console, "log").mockImplementation((text) => void print(`${String(text)}\n`));
});

afterEach(() => {
  vi.restoreAllMocks();
});

test("has succeeded when every step found what was expected", async () => {
  const steps = new StepRunner(signal);
  expect(steps.succeeded).toBe(false);
  await steps.step("Knock", "201", (checks) => {
    checks.equal("the status code", 201, 201);
    checks.note("twice");
    return Promise.resolve("201");
  });
  expect(steps.succeeded).toBe(true);
  expect(printed).toMatch(/^ {2}Knock {41}ok +\d+ ms {2}201 {2}twice\n$/);
  expect(steps.table()).toMatch(/ok +Knock +201 +201 +\d+$/);
});

test("goes on after a deviation, shows it, and has not succeeded", async () => {
  const steps = new StepRunner(signal);
  await steps.step("Knock", "201", (checks) => {
    checks.equal("the status code", 200, 201);
    checks.matches("id", undefined, /^\d$/);
    return Promise.resolve("200");
  });
  await steps.step("Knock", "201", () => Promise.resolve("201"));
  expect(steps.succeeded).toBe(false);
  expect(printed).toContain("the status code is 200, not 201\n");
  expect(printed).toContain("id is absent, which is not ^\\d$\n");
  expect(steps.table()).toMatch(/FAIL +Knock +201 +200 .*\n +ok +Knock/);
});

test("a step that throws is a deviation and ends the story", async () => {
  const steps = new StepRunner(signal);
  await expect(steps.step("Knock", "201", () => Promise.reject(new Error("no door")))).rejects.toThrow("no door");
  expect(steps.succeeded).toBe(false);
  expect(printed).toContain("Error: no door\n");
});

test("an interruption is no deviation", async () => {
  const abort = new AbortController();
  const steps = new StepRunner(abort.signal);
  const playing = steps.step("Knock", "201", () => {
    abort.abort(new Error("enough"));
    return Promise.reject(new Error("cut off"));
  });
  await expect(playing).rejects.toThrow("enough");
  await expect(steps.step("Knock", "201", () => Promise.resolve("201"))).rejects.toThrow("enough");
  expect(printed).not.toContain("FAIL");
});
