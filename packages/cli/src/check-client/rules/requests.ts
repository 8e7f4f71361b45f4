import { nextPage } from "@tillkeeper/sdk/next-page";
import { type Answer, type Exchange, isTokenRequest, keyOf, requestText, retryAfterOf } from "../exchange.ts";
import type { RunLog } from "../run-log.ts";
import { broken, type JudgeFacts, type Judgement, kept, patienceMs, type Rule, worst } from "./rule.ts";

/** The rules about requests and answers of any kind. */
export const requestRules: readonly Rule[] = [
  {
    name: "content-type",
    text: "sends JSON as application/json",
    source: "errors.md, unsupported_media_type",
    untried: "It sent no body.",
    judge: judgeTypes,
  },
  {
    name: "refusal-final",
    text: "does not send again, unchanged, what was refused for good (a 4xx without Retry-After)",
    source: "errors.md: what to change is in the column cure",
    untried: "Nothing that it sent was refused for good.",
    judge: (log) => worst(log.exchanges.map((exchange) => judgeRefusal(log, exchange))),
  },
  {
    name: "unknown-fields",
    text: "goes on when answers have fields that it does not know",
    source: "RFC 6749 section 5.1, for tokens; api-changelog.md, for all else: what is added is additional",
    untried: "It ended no operation, in calm neither.",
    judge: judgeNewFields,
  },
  {
    name: "lists-whole",
    text: "reads a list to its end, where it does not name a limit itself",
    source: "openapi.json, starting_after and Link",
    untried: "It read no list that goes on.",
    judge: (log) => worst(log.exchanges.map((exchange) => judgeList(log, exchange))),
  },
];

function judgeTypes({ exchanges }: RunLog): Judgement | undefined {
  const withBody = exchanges.filter(({ body }) => body !== "" && body !== undefined);
  const wrong = withBody.find((one) => {
    const type = one.headers["content-type"]?.toLowerCase() ?? "";
    const isForm = isTokenRequest(one) && type.startsWith("application/x-www-form-urlencoded");
    return !isForm && !/^application\/(?:[\w.-]+\+)?json\b/.test(type);
  });
  if (wrong) return broken(`A body came as ${wrong.headers["content-type"] ?? "nothing in particular"}.`, wrong);
  return withBody[0] && kept("Bodies came as JSON.", withBody[0]);
}

/** Statuses that say nothing final: the token, the time, the load. */
const passing = new Set([401, 408, 425, 429]);

function judgeRefusal(log: RunLog, exchange: Exchange): Judgement | undefined {
  const { answer, method, endedAt = exchange.at } = exchange;
  const status = answer?.status ?? 0;
  if (status < 400 || status > 499 || method === "GET" || retryAfterOf(answer) !== undefined) return undefined;
  if (passing.has(status) && !isTokenRequest(exchange)) return undefined;
  const text = requestText(exchange);
  const again = log.exchanges.find(
    (one) => one.at >= endedAt && requestText(one) === text && isOfProgram(log, one, exchange),
  );
  if (again) return broken(`It was refused with ${status}, and came again unchanged.`, exchange, again);
  return kept(`It was refused with ${status}, and did not come again.`, exchange);
}

/**
 * Whether the program itself sends a request again. Where it goes on for ever, its user may have sent the request again:
 * with another key, and not at once.
 */
function isOfProgram({ endedByItself }: RunLog, again: Exchange, before: Exchange): boolean {
  const isSameKey = keyOf(before) !== undefined && keyOf(before) === keyOf(again);
  return endedByItself || isSameKey || again.at - before.at < 1000;
}

/** What a run with new fields in its answers shows: whether the program gets as far as without them. */
export function judgeNewFields(log: RunLog, { calm }: JudgeFacts): Judgement | undefined {
  if (log.scenario !== "new-fields") return undefined;
  const ended = (run: RunLog) => run.operations.find(({ id }) => run.endSeen(id));
  const now = ended(log);
  const isWorse = calm !== undefined && calm.exit?.code === 0 && log.endedByItself && log.exit?.code !== 0;
  if (now && !isWorse) return kept("It went on as without them.", now.post);
  const isOver = log.exit !== undefined || log.lasted - (log.posts[0]?.at ?? log.lasted) > patienceMs;
  if (calm === undefined || !ended(calm) || !isOver) return undefined;
  const how = now ? `ended with ${log.exit?.code}` : "did not get as far as in calm";
  return broken(`With new fields in the answers it ${how}.`, ...log.exchanges.slice(-2));
}

function judgeList(log: RunLog, exchange: Exchange): Judgement | undefined {
  const cursor = cursorOf(exchange);
  if (cursor === undefined) return undefined;
  const { path, query, endedAt = exchange.at } = exchange;
  const later = log.exchanges.filter(({ at }) => at >= endedAt);
  const next = later.find((one) => one.path === path && one.query.get("starting_after") === cursor);
  if (next) return kept("It asked for the next page.", exchange, next);
  const goesOn = later.length > 0 || log.endedByItself;
  if (query.has("limit") || !goesOn) return undefined;
  return broken("There was another page, and it did not ask for it.", exchange);
}

/** The cursor of the next page, where an answer has one. */
function cursorOf({ method, answer }: Exchange): string | undefined {
  return method === "GET" && answer?.status === 200 ? nextCursor(answer) : undefined;
}

function nextCursor({ body, headers }: Answer): string | undefined {
  return nextPage(body, headers["link"] ?? null);
}
