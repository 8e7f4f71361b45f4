import type { Exchange } from "../exchange.ts";
import type { RunLog } from "../run-log.ts";

export const ruleNames = [
  "key-sent",
  "key-kept",
  "key-renewed",
  "key-one-request",
  "waits-409",
  "waits-429",
  "waits-503",
  "one-at-a-time",
  "reads-to-end",
  "poll-pace",
  "poll-ends",
  "timeout-open",
  "outcome-told",
  "token-kept",
  "token-renewed",
  "token-loop",
  "audience",
  "secrets-hidden",
  "content-type",
  "refusal-final",
  "unknown-fields",
  "lists-whole",
] as const;
export type RuleName = (typeof ruleNames)[number];

/** So many milliseconds after a command a program that does not end by itself should have read what became of it. */
export const patienceMs = 20_000;

/** What one run shows of a rule. */
export interface Judgement {
  verdict: "kept" | "broken";
  /** What the program did, in a sentence. */
  seen: string;
  /** The requests that show it, in order. */
  evidence: readonly Exchange[];
}

/** What rules know beside the run. */
export interface JudgeFacts {
  /** The secrets of the program: they must not be in an address. */
  secrets: readonly string[];
  /** The program's exit code says whether it did what it should. */
  exitTells: boolean;
  /** The run in which all went well, where it was played. */
  calm: RunLog | undefined;
}

export interface Rule {
  name: RuleName;
  /** What a program does that keeps it. */
  text: string;
  /** Where the documentation says so. */
  source: string;
  /** Why no run has shown anything of it, as a sentence. */
  untried: string;
  /** What a run shows of the rule; undefined when the run does not touch it. */
  judge: (log: RunLog, facts: JudgeFacts) => Judgement | undefined;
}

export function kept(seen: string, ...evidence: readonly Exchange[]): Judgement {
  return { verdict: "kept", seen, evidence };
}

export function broken(seen: string, ...evidence: readonly Exchange[]): Judgement {
  return { verdict: "broken", seen, evidence };
}

/** The first breach among judgements, or else the first of them. */
export function worst(judgements: readonly (Judgement | undefined)[]): Judgement | undefined {
  const there = judgements.filter((one) => one !== undefined);
  return there.find(({ verdict }) => verdict === "broken") ?? there[0];
}
