import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { isClean } from "../src/report/report.ts";
import { runChaos } from "../src/run.ts";
import { lyingFront } from "./support/lying-front.ts";
import { smallRun } from "./support/small-run.ts";

const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("tillkeeper-chaos-"));

it("finds a device that executes twice, and a server that accepts what it does not keep", {
  timeout: 180_000,
}, async () => {
  const program = fileURLToPath(new URL("./support/agents-that-execute-twice.ts", import.meta.url));
  const report = await runChaos({
    ...smallRun,
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

it("leaves nothing behind when it is interrupted", async () => {
  const before = folders();
  const interruption = new AbortController();
  const say = () => interruption.abort(new Error("enough"));
  await expect(runChaos({ ...smallRun, signal: interruption.signal, say })).rejects.toThrow("enough");
  expect(folders().filter((name) => !before.includes(name))).toEqual([]);
});
