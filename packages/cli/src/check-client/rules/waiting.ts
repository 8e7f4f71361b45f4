import { type Exchange, isOperationPost, keyOf, requestText, retryAfterOf } from "../exchange.ts";
import type { RunLog } from "../run-log.ts";
import { broken, type Judgement, kept, type Rule, type RuleName, worst } from "./rule.ts";

/** By so many milliseconds a program may be early: timers are. */
const tolerance = 100;

/** The rules about `Retry-After`, and about one operation at a time. */
export const waitingRules: readonly Rule[] = [
  waits(
    "waits-409",
    409,
    'the guide "Terminal operations", section One operation at a time; errors.md, operation_pending',
  ),
  waits("waits-429", 429, "errors.md, too_many_requests"),
  waits("waits-503", 503, "errors.md, service_unavailable"),
  {
    name: "one-at-a-time",
    text: "never has two commands for one terminal under way at once",
    source: 'the guide "Terminal operations", section One operation at a time',
    untried: "It never sent two commands to one terminal.",
    judge: judgeParallel,
  },
];

function waits(name: RuleName, status: number, source: string): Rule {
  return {
    name,
    text: `waits after ${status} as long as Retry-After says, before it sends the same again`,
    source,
    untried: `It sent nothing again after a ${status}.`,
    judge: (log) => worst(log.exchanges.map((exchange) => judgeWait(log, exchange, status))),
  };
}

function judgeWait(log: RunLog, exchange: Exchange, status: number): Judgement | undefined {
  const { answer, endedAt } = exchange;
  const seconds = retryAfterOf(answer);
  if (answer?.status !== status || seconds === undefined || endedAt === undefined) return undefined;
  const next = log.exchanges.find((one) => one.at >= endedAt && isAgain(one, exchange));
  if (!next) return undefined;
  const waited = ((next.at - endedAt) / 1000).toFixed(1);
  if (next.at - endedAt >= seconds * 1000 - tolerance) {
    return kept(`It came again after ${waited} s; Retry-After was ${seconds}.`, exchange, next);
  }
  return broken(`It came again after ${waited} s; Retry-After was ${seconds}.`, exchange, next);
}

/** Whether a request repeats another one. For a terminal any next command counts. */
function isAgain(one: Exchange, other: Exchange): boolean {
  if (isOperationPost(one) && isOperationPost(other)) return terminalOf(one) === terminalOf(other);
  return requestText(one) === requestText(other);
}

function terminalOf({ body }: Exchange): unknown {
  return ((body ?? {}) as { terminal_id?: unknown }).terminal_id;
}

function judgeParallel({ posts }: RunLog): Judgement | undefined {
  let apart: Judgement | undefined;
  for (const [index, post] of posts.entries()) {
    for (const before of posts.slice(0, index)) {
      if (terminalOf(before) !== terminalOf(post)) continue;
      const isSame = keyOf(post) !== undefined && keyOf(post) === keyOf(before);
      if (!isSame && (before.endedAt ?? Number.POSITIVE_INFINITY) > post.at) {
        return broken("A command came before the one before it was answered.", before, post);
      }
      apart ??= kept("Commands for a terminal came one after the other.", before, post);
    }
  }
  return apart;
}
