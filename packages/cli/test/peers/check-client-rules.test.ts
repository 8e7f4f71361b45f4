// @module-tag nightly: a server for each rule that is broken.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { errorCodes } from "@tillkeeper/contract/http/errors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allRules, type Finding, judge } from "../../src/check-client/rules/all.ts";
import { ruleNames } from "../../src/check-client/rules/rule.ts";
import type { RunLog } from "../../src/check-client/run-log.ts";
import { allScenarios } from "../../src/check-client/scenarios.ts";
import { Bench } from "../check-client/bench.ts";
import { type Fault, faults } from "../check-client/faults.ts";

const page = readFileSync(new URL("../../../../docs/check-client.md", import.meta.url), "utf8");
const program = fileURLToPath(new URL("../check-client/pos-program.ts", import.meta.url));
const faultNames = Object.keys(faults) as Fault[];
const scenarioNames = allScenarios.map(({ name }) => name);
const runs = scenarioNames.length + faultNames.flatMap((fault) => faults[fault][1]).length;
/** Programs at a time: they mostly wait. */
const width = 10;

describe("check-client", () => {
  let bench: Bench;
  let faultless: Promise<RunLog[]>;
  let faulty: Map<Fault, Promise<RunLog[]>>;

  beforeAll(async () => {
    bench = await Bench.open(width, runs);
    const command = [process.execPath, program];
    faultless = bench.play(scenarioNames, { command });
    faulty = new Map(
      faultNames.map((fault) => [fault, bench.play(faults[fault][1], { command, env: { POS_FAULT: fault } })]),
    );
    await Promise.allSettled([faultless, ...faulty.values()]);
  });
  afterAll(() => bench.close());

  const judged = (logs: readonly RunLog[]): Finding[] =>
    judge(logs, { secrets: [bench.server.login.clientSecret], exitTells: true });
  const namesOf = (findings: readonly Finding[], verdict: Finding["verdict"]) =>
    findings.filter((one) => one.verdict === verdict).map(({ rule }) => rule.name);

  it("finds that a program keeps every rule, by the documented requests alone", async () => {
    const findings = judged(await faultless);
    expect(findings.filter(({ verdict }) => verdict !== "kept")).toEqual([]);
  });

  it("tries each rule in the scenarios that name it", async () => {
    const logs = await faultless;
    const untried = allScenarios.flatMap(({ name, rules }) => {
      const findings = judged(logs.filter(({ scenario }) => scenario === name || scenario === "calm"));
      const of = new Map(findings.map((finding) => [finding.rule.name, finding.verdict]));
      return rules.filter((rule) => of.get(rule) !== "kept").map((rule) => `${name}: ${rule}`);
    });
    expect(untried).toEqual([]);
  });

  it.each(faultNames)("finds exactly the rule that is broken by this fault: %s", async (fault) => {
    const logs = (await faulty.get(fault)) ?? [];
    expect(namesOf(judged(logs), "broken")).toEqual([faults[fault][0]]);
  });

  it("has a fault for every rule", () => {
    expect([...new Set(faultNames.map((fault) => faults[fault][0]))].toSorted()).toEqual([...ruleNames].toSorted());
    expect(allRules.map(({ name }) => name)).toEqual(ruleNames);
  });

  it("has every rule with its source, and every scenario, in docs/check-client.md", () => {
    const rows = allRules.map(({ name, text, source }) => `| \`${name}\` | ${text} | ${source} |`);
    const scenarios = allScenarios.map(({ name, title, rules }) => {
      const named = rules.map((rule) => `\`${rule}\``).join(", ");
      return `| \`${name}\` | ${title} | ${named} |`;
    });
    expect([...rows, ...scenarios].filter((row) => !page.includes(`${row}\n`))).toEqual([]);
  });

  it("names sources that are there: codes of errors, sections of its own page", () => {
    const parts = allRules.flatMap(({ source }) => source.split("; "));
    const codes = parts
      .filter((part) => part.startsWith("errors.md, "))
      .flatMap((part) => part.slice(11).split(" and "));
    expect(codes.filter((code) => !(code in errorCodes))).toEqual([]);
    const sections = parts.flatMap((part) => /^check-client\.md, section (.+)$/.exec(part)?.[1] ?? []);
    expect(sections.filter((section) => !page.includes(`\n## ${section}\n`))).toEqual([]);
    expect([codes.length, sections.length].every((count) => count > 1)).toBe(true);
  });
});
