import type { Outcome } from "../../src/check-agent/run.ts";

type Line = { event: string } & Partial<Outcome>;

/** What `check-agent --json` has printed. */
export function readOutput(stdout: string): Line[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** What a run has found, for a test that expects all to be well: with the reasons where it is not. */
export function findingOf({ code, stdout, stderr }: { code: number | null; stdout: string; stderr: string }) {
  const cases = stdout === "" ? [] : readOutput(stdout).filter(({ event }) => event === "case");
  const broken = cases.filter(({ verdict }) => verdict === "broken").map(({ name, breaches }) => ({ name, breaches }));
  const skipped = cases.filter(({ verdict }) => verdict === "skipped").map(({ name }) => name);
  return { code, broken, skipped, ...(code !== 0 && { stderr }) };
}
