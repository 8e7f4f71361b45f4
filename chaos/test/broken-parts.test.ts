import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { isClean } from "../src/report/report.ts";
import { runChaos } from "../src/run.ts";
import { lyingFront } from "./support/lying-front.ts";

const database = { database: "embedded", standby: "synchronous" } as const;
const run = { seed: 1, minutes: 0.1, terminals: 12, clients: 8, ...database, keep: false, say: () => {} };
const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("tillkeeper-chaos-"));

it("finds a device that executes twice, and a server that accepts what it does not keep", {
  timeout: 180_000,
}, async () => {
  const program = fileURLToPath(new URL("./support/agents-that-execute-twice.ts", import.meta.url));
  const report = await runChaos({
    ...run,
    signal: AbortSignal.timeout(170_000),
    // One fault only, because more faults of the system would obscure the effect of the broken parts.
    schedule: [{ atMs: 2_000, kind: "server.kill", target: "server-0", forMs: 0, pick: 0 }],
    agentsProgram: program,
    front: lyingFront,
  });
  expect(isClean(report)).toBe(false);
  expect(report.violations.map(({ promise }) => promise)).toEqual(
    expect.arrayContaining(["executed_once", "accepted_exists"]),
  );
});

it("finds terminals that close the day without comparing, when the database goes back", {
  timeout: 300_000,
}, async () => {
  const program = fileURLToPath(new URL("./support/agents-that-do-not-compare.ts", import.meta.url));
  const goesBack = (atMs: number) =>
    ({ atMs, kind: "database.go_back", target: "database", forMs: 5_000, pick: 0 }) as const;
  const report = await runChaos({
    ...run,
    minutes: 0.6,
    clients: 24,
    signal: AbortSignal.timeout(280_000),
    schedule: [goesBack(2_000), goesBack(18_000)],
    agentsProgram: program,
  });
  const closes = report.violations.filter(({ promise }) => promise === "closed_knowingly").map(({ text }) => text);
  expect(closes).toContainEqual(expect.stringContaining("accepted before the server heard of"));
});

it("leaves nothing behind when it is interrupted", { timeout: 60_000 }, async () => {
  const before = folders();
  const interruption = new AbortController();
  const say = () => interruption.abort(new Error("enough"));
  await expect(runChaos({ ...run, signal: interruption.signal, say })).rejects.toThrow("enough");
  expect(folders().filter((name) => !before.includes(name))).toEqual([]);
});
