import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { runChaos } from "../../src/run.ts";
import { smallRun } from "../support/small-run.ts";

it("finds terminals that close the day without comparing, when the database goes back", {
  timeout: 300_000,
}, async () => {
  const program = fileURLToPath(new URL("../support/agents-that-do-not-compare.ts", import.meta.url));
  const goesBack = (atMs: number) =>
    ({ atMs, kind: "database.go_back", target: "database", forMs: 5_000, pick: 0 }) as const;
  const report = await runChaos({
    ...smallRun,
    minutes: 0.6,
    clients: 24,
    signal: AbortSignal.timeout(280_000),
    schedule: [goesBack(2_000), goesBack(18_000)],
    agentsProgram: program,
  });
  const closes = report.violations.filter(({ promise }) => promise === "closed_knowingly").map(({ text }) => text);
  expect(closes).toContainEqual(expect.stringContaining("accepted before the server heard of"));
});
