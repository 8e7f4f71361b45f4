import { colours } from "../colours.ts";
import { type Exchange, errorCodeOf, keyOf, retryAfterOf } from "./exchange.ts";
import type { Finding } from "./rules/all.ts";
import { operationsIn, type RunLog } from "./run-log.ts";
import type { Scenario } from "./scenarios.ts";
import { hanging } from "./wrap.ts";

/** A request in a report. */
export interface Evidence {
  /** Seconds since the scenario began. */
  at: number;
  method: string;
  /** Path and query. */
  target: string;
  idempotency_key?: string;
  /** HTTP status of the answer that the program received. */
  status?: number;
  /** The code of the error. */
  code?: string;
  /** The state of the operation that was answered. */
  operation?: string;
  retry_after?: number;
  /** Why the program received no answer. */
  fate?: "cut" | "lost" | "left";
  /** The trouble that was made for this request. */
  trouble?: string;
}

/** A finding in `--json`. */
export interface FindingJson {
  rule: string;
  text: string;
  source: string;
  verdict: Finding["verdict"];
  scenario?: string;
  /** What the program did; of a rule that was not tried, why not. */
  seen: string;
  broken_in: readonly string[];
  evidence: readonly Evidence[];
}

export function evidenceOf(exchange: Exchange): Evidence {
  const { at, method, target, answer, fate, trouble } = exchange;
  const isError = (answer?.status ?? 0) >= 400;
  const [key, code, wait] = [keyOf(exchange), isError ? errorCodeOf(answer) : undefined, retryAfterOf(answer)];
  const [operation] = operationsIn(answer);
  return {
    at: Math.round(at) / 1000,
    method,
    target,
    ...(key !== undefined && { idempotency_key: key }),
    ...(answer && { status: answer.status }),
    ...(code !== undefined && { code }),
    ...(operation && { operation: operation.status }),
    ...(wait !== undefined && { retry_after: wait }),
    ...(fate && { fate }),
    ...(trouble !== undefined && { trouble }),
  };
}

export function jsonOf({ rule, verdict, scenario, judgement, brokenIn }: Finding): FindingJson {
  return {
    rule: rule.name,
    text: rule.text,
    source: rule.source,
    verdict,
    ...(scenario !== undefined && { scenario }),
    seen: judgement?.seen ?? rule.untried,
    broken_in: brokenIn,
    evidence: judgement?.evidence.map(evidenceOf) ?? [],
  };
}

const paint = { kept: colours.green, broken: colours.red, "not tried": colours.dim };

/** The findings in the order for people: what was broken stands last, where a terminal shows it. */
export function inReadingOrder(findings: readonly Finding[]): Finding[] {
  const order = ["kept", "not tried", "broken"] as const;
  return order.flatMap((verdict) => findings.filter((one) => one.verdict === verdict));
}

/** The lines about a rule: its verdict and, if it is broken, the requests that broke it and the page that states it. */
export function findingLines({ rule, verdict, scenario, judgement, brokenIn }: Finding, width: number): string {
  const words = verdict === "not tried" ? rule.untried : `${rule.text}.`;
  const head = hanging(`${verdict.padEnd(9)} `, `${rule.name}: ${words}`, width);
  const painted = paint[verdict](verdict) + head.slice(verdict.length);
  if (verdict !== "broken" || !judgement) return painted;
  const indent = " ".repeat(10);
  const others = brokenIn.filter((name) => name !== scenario);
  const also = others.length > 0 ? ` Also in ${others.join(", ")}.` : "";
  return [
    painted,
    hanging(indent, `In ${scenario}: ${judgement.seen}${also}`, width),
    ...judgement.evidence.map((exchange) => hanging(`${indent}  `, evidenceWords(evidenceOf(exchange)), width)),
    hanging(indent, `Says: ${rule.source}.`, width),
  ].join("\n");
}

/** Ids are cut short for people. */
function evidenceWords({ at, method, target, idempotency_key: key, ...rest }: Evidence): string {
  const short = target
    .replace(/^\/v1\/(?:accounts\/[^/]+\/payments\/)?admin\/terminals\//, "…/")
    .replace(/^\/v1\/accounts\/[^/]+\//, "…/")
    .replaceAll(/([0-9a-f]{8})-[0-9a-f-]{27}/gi, "$1…");
  const fates = { cut: "never arrived", lost: "the answer was lost", left: "the program did not wait for the answer" };
  const words = [
    `${at.toFixed(2)} s ${method} ${short}`,
    key && `key ${key.slice(0, 8)}…`,
    rest.status !== undefined && `answered ${[rest.status, rest.code, rest.operation].filter(Boolean).join(" ")}`,
    rest.retry_after !== undefined && `Retry-After ${rest.retry_after}`,
    rest.fate && fates[rest.fate],
  ];
  return words.filter(Boolean).join(", ");
}

/** The lines that are printed after a scenario. */
export function scenarioLine({ name, title }: Scenario, log: RunLog, width: number): string {
  const { exit, exchanges } = log;
  const end = exit && (exit.outOfTime ? "still running, ended" : `exit code ${exit.code}`);
  const requests = `${exchanges.length} request${exchanges.length === 1 ? "" : "s"}`;
  const facts = [`${(log.lasted / 1000).toFixed(1)} s`, requests, end].filter(Boolean).join(", ");
  return hanging("played    ", `${name}: ${title} (${facts})`, width);
}

/** The counts of all findings. */
export interface Summary {
  kept: number;
  broken: number;
  not_tried: number;
  /** The names of the rules that were broken. */
  rules: readonly string[];
}

export function summaryOf(findings: readonly Finding[]): Summary {
  const named = (verdict: Finding["verdict"]) => findings.filter((one) => one.verdict === verdict);
  return {
    kept: named("kept").length,
    broken: named("broken").length,
    not_tried: named("not tried").length,
    rules: named("broken").map(({ rule }) => rule.name),
  };
}

/** The last line: the rules that were broken, and the counts. */
export function lastLine(findings: readonly Finding[], width: number): string {
  const { kept, broken, not_tried: notTried, rules } = summaryOf(findings);
  const verdict = broken === 0 ? "No rule was broken." : `Broken: ${rules.join(", ")}.`;
  return hanging("", `${verdict} ${kept} kept, ${broken} broken, ${notTried} not tried.`, width);
}
