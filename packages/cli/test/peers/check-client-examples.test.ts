import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { judge } from "../../src/check-client/rules/all.ts";
import type { RuleName } from "../../src/check-client/rules/rule.ts";
import { allScenarios } from "../../src/check-client/scenarios.ts";
import { Bench } from "../check-client/bench.ts";

/**
 * What the check finds of programs that use our client library, which sends nothing again but after a 401: they end with an
 * error where a till should go on, and do not ask what became of a command whose answer was lost.
 */
const findings: Record<string, { broken: RuleName[]; notTried: RuleName[] }> = {
  "close-and-read-totals.ts": {
    broken: ["key-sent", "reads-to-end"],
    notTried: ["key-kept", "key-renewed", "key-one-request", "waits-409", "lists-whole"],
  },
  "run-and-wait.ts": {
    broken: ["reads-to-end", "outcome-told"],
    notTried: ["key-kept", "key-renewed", "waits-409", "timeout-open", "lists-whole"],
  },
};

const names = allScenarios.map(({ name }) => name);
const fileOf = (example: string) => fileURLToPath(new URL(`../../../../examples/${example}`, import.meta.url));
let bench: Bench;

beforeAll(async () => {
  bench = await Bench.open(8, names.length * Object.keys(findings).length);
});
afterAll(() => bench.close());

it.concurrent.each(Object.entries(findings))(
  "finds of examples/%s what the client library lacks",
  async (example, expected) => {
    const logs = await bench.play(names, { command: [process.execPath, fileOf(example), "{terminal}"] });
    const judged = judge(logs, { secrets: [], exitTells: true });
    const of = (verdict: string) => judged.filter((one) => one.verdict === verdict).map(({ rule }) => rule.name);
    expect({ broken: of("broken"), notTried: of("not tried") }).toEqual(expected);
  },
);
