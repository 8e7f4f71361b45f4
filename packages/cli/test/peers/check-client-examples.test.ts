import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { judge } from "../../src/check-client/rules/all.ts";
import type { RuleName } from "../../src/check-client/rules/rule.ts";
import { allScenarios } from "../../src/check-client/scenarios.ts";
import { Bench } from "../check-client/bench.ts";

/**
 * Programs that use our client library break no rule in any scenario. Some rules do not apply to them: they send no
 * second command, read no list, and have the server hold its answers back, so that they never poll.
 */
const notTried: Record<string, RuleName[]> = {
  "close-and-read-totals.ts": ["key-renewed", "poll-pace", "lists-whole"],
  "run-and-wait.ts": ["key-renewed", "poll-pace", "timeout-open", "lists-whole"],
};

const names = allScenarios.map(({ name }) => name);
const fileOf = (example: string) => fileURLToPath(new URL(`../../../../examples/${example}`, import.meta.url));
let bench: Bench;

beforeAll(async () => {
  bench = await Bench.open(8, names.length * Object.keys(notTried).length);
});
afterAll(() => bench.close());

it.concurrent.each(Object.entries(notTried))("finds no rule that examples/%s breaks", async (example, expected) => {
  const logs = await bench.play(names, { command: [process.execPath, fileOf(example), "{terminal}"] });
  const judged = judge(logs, { secrets: [], exitTells: true });
  const of = (verdict: string) => judged.filter((one) => one.verdict === verdict).map(({ rule }) => rule.name);
  expect({ broken: of("broken"), notTried: of("not tried") }).toEqual({ broken: [], notTried: expected });
});
