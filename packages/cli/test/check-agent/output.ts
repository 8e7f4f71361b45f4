import type { Outcome } from "../../src/check-agent/run.ts";

type Line = { event: string } & Partial<Outcome>;

/** Parses the output of `check-agent --json`. */
export function readOutput(stdout: string): Line[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Returns the outcome of a run, for a test that expects no breaches; the breaches come with their reasons. */
export function findingOf({ code, stdout, stderr }: { code: number | null; stdout: string; stderr: string }) {
  const cases = stdout === "" ? [] : readOutput(stdout).filter(({ event }) => event === "case");
  const broken = cases.filter(({ verdict }) => verdict === "broken").map(({ name, breaches }) => ({ name, breaches }));
  const skipped = cases.filter(({ verdict }) => verdict === "skipped").map(({ name }) => name);
  return { code, broken, skipped, ...(code !== 0 && { stderr }) };
}
