import { relative, resolve } from "node:path";
import { beforeEach, type RunnerTask } from "vitest";
import { excludedTests } from "./exclusions.ts";

const tests = resolve(import.meta.dirname, "..");

beforeEach(({ task, skip }) => {
  const file = relative(tests, task.file.filepath);
  const names = namesAbove(task);
  const excluded = excludedTests.find((entry) => entry.file === file && names.includes(entry.test));
  if (excluded) skip(excluded.reason);
});

/** The test's name and those of the groups around it. */
function namesAbove(task: RunnerTask): string[] {
  return [task.name, ...(task.suite ? namesAbove(task.suite) : [])];
}
