import { operationKinds } from "@tillkeeper/contract/operations";
import type { Exchange } from "../exchange.ts";
import { commandOf, type RunLog, type SentOperation } from "../run-log.ts";
import { broken, type JudgeFacts, type Judgement, kept, patienceMs, type Rule, worst } from "./rule.ts";

const guide = 'the guide "Terminal operations", section';

/** So many reads of one address in so many milliseconds are too many: the SDK reads twice a second. */
const pace = { reads: 10, ms: 3000 };
/** So many reads of an operation that has ended are no polling. */
const readsAfterEnd = 3;

/** The rules about how an operation ended. */
export const outcomeRules: readonly Rule[] = [
  {
    name: "reads-to-end",
    text: "finds out how each operation ended, also when a read or an answer fails",
    source: `${guide} List operation results`,
    untried: "No operation of it was accepted.",
    judge: (log) => worst(log.operations.map((operation) => judgeEnd(log, operation))),
  },
  {
    name: "poll-pace",
    text: `reads an operation less than ${pace.reads} times in ${pace.ms / 1000} seconds`,
    source: "check-client.md, section How fast to read",
    untried: "It never read one address three times.",
    judge: judgePace,
  },
  {
    name: "poll-ends",
    text: "stops reading an operation that is COMPLETED or FAILED",
    source: `${guide} Operation status`,
    untried: "It read no operation that was COMPLETED or FAILED.",
    judge: (log) => worst(log.operations.map((operation) => judgeStop(log, operation))),
  },
  {
    name: "timeout-open",
    text: "reads an end_of_day that is TIMEOUT again before it sends another, and sends none if the late result is there",
    source: `${guide} Operation status; check-client.md, section After a TIMEOUT`,
    untried: "It met no end_of_day that was TIMEOUT.",
    judge: (log) => worst(log.operations.map((operation) => judgeTimeout(log, operation))),
  },
  {
    name: "outcome-told",
    text: "ends with 0 only if what it asked for is COMPLETED (with --exit-code)",
    source: `${guide} Operation status`,
    untried: "--exit-code was not given, or no operation of it failed.",
    judge: judgeTold,
  },
];

function judgeEnd(log: RunLog, { id, operation, post }: SentOperation): Judgement | undefined {
  const end = log.endSeen(id);
  if (end) return kept(`It read that its ${operation} is ${end.status}.`, post, end.exchange);
  const isOver = log.endedByItself || (log.exit === undefined && log.lasted - post.at > patienceMs);
  // What a refused token makes of a program is told by the rules about tokens.
  if (!isOver || log.exchanges.at(-1)?.answer?.status === 401) return undefined;
  if (log.sightings.some((one) => one.id === id)) {
    const reads = log.readsOf(id);
    return broken(`It never read how its ${operation} ended.`, post, ...reads.slice(-2));
  }
  const asksAgain = [...log.posts, ...log.reads].some((one) => one.at > post.at);
  if (asksAgain) return undefined;
  return broken(`Its ${operation} was carried out and the answer got lost; it never asked what became of it.`, post);
}

function judgePace(log: RunLog): Judgement | undefined {
  const byTarget = Map.groupBy(
    log.reads.filter(({ answer }) => answer?.status === 200),
    ({ target }) => target,
  );
  let slow: Judgement | undefined;
  for (const reads of byTarget.values()) {
    for (let index = 0; index + pace.reads <= reads.length; index += 1) {
      const some = reads.slice(index, index + pace.reads);
      const lasted = (some.at(-1) as Exchange).at - (some[0] as Exchange).at;
      if (lasted >= pace.ms) continue;
      return broken(`${pace.reads} reads came in ${(lasted / 1000).toFixed(1)} s.`, ...some.slice(0, 4));
    }
    if (reads.length > 2) slow ??= kept("Reads came apart.", ...reads.slice(0, 3));
  }
  return slow;
}

function judgeStop(log: RunLog, { id, operation, post }: SentOperation): Judgement | undefined {
  const end = log.endSeen(id);
  if (!end || end.status === "TIMEOUT") return undefined;
  const later = log.readsOf(id).filter(({ at }) => at > end.at);
  if (later.length > readsAfterEnd) {
    return broken(`It read its ${operation} ${later.length} times after it was ${end.status}.`, ...later.slice(0, 4));
  }
  return kept(`It stopped reading when the operation was ${end.status}.`, post, end.exchange);
}

function judgeTimeout(log: RunLog, { id, operation, post }: SentOperation): Judgement | undefined {
  const end = log.endSeen(id);
  const isRepeatable = operationKinds[operation as keyof typeof operationKinds]?.repeatable ?? true;
  if (end?.status !== "TIMEOUT" || isRepeatable) return undefined;
  const next = log.posts.find((one) => one.at > end.at && commandOf(one) === commandOf(post));
  if (!next) return kept(`It sent no other ${operation}.`, post, end.exchange);
  const looks = log.sightings.filter((one) => one.id === id && one.at > end.at && one.at < next.at);
  const look = looks.at(-1);
  if (!look) return broken(`It sent another ${operation} without another look at the first.`, end.exchange, next);
  if (look.late !== "COMPLETED") return kept("It looked again before it sent another.", look.exchange, next);
  return broken(`It sent another ${operation}, though the late result was there.`, look.exchange, next);
}

function judgeTold(log: RunLog, { exitTells }: JudgeFacts): Judgement | undefined {
  const code = log.exit?.code ?? null;
  if (!exitTells || !log.endedByItself || code === null) return undefined;
  const bad = log.operations.flatMap(({ id, post }) => {
    const end = log.endSeen(id);
    if (!end || end.status === "COMPLETED") return [];
    const isMended =
      log.sightings.some((one) => one.id === id && one.late === "COMPLETED") ||
      log.operations.some(
        (other) => commandOf(other.post) === commandOf(post) && log.endSeen(other.id)?.status === "COMPLETED",
      );
    return isMended ? [] : [end];
  });
  const [end] = bad;
  if (!end) return undefined;
  if (code === 0) return broken(`It ended with 0, though its operation was ${end.status}.`, end.exchange);
  return kept(`It ended with ${code}, as its operation was ${end.status}.`, end.exchange);
}
