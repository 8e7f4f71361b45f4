import { type Exchange, isOperationPost, isOperationRead } from "./exchange.ts";
import type { RuleName } from "./rules/rule.ts";
import {
  type Action,
  anyOf,
  each,
  first,
  forward,
  inTurn,
  newTokens,
  refuse,
  refusesAllTokens,
  refusesTheToken,
  type Trouble,
  withNewFields,
} from "./trouble.ts";

/** What scenarios can do beside answering requests. */
export interface Stage {
  /** Makes a terminal busy with an operation of another client for some seconds. */
  occupy: (terminalId: string) => Promise<void>;
}

/** One run of the program, with one kind of trouble. */
export interface Scenario {
  name: string;
  /** What happens to the program, for people. */
  title: string;
  /** The rules that this trouble is for. All others are looked at, too. */
  rules: readonly RuleName[];
  /** Makes the trouble of one run. */
  trouble: (stage: Stage) => Trouble;
}

const waitSeconds = { "retry-after": "2" };
const tooMany = refuse("too_many_requests", "Too many requests; try again after `Retry-After`.", waitSeconds);
const unavailable = refuse("service_unavailable", "The database is away for a moment.", waitSeconds);
const cut: Action = { kind: "cut", note: "the connection was cut before the request arrived" };
const lost: Action = { kind: "forward", lose: true, note: "carried out; the connection was cut before the answer" };
const gatewayTimeout: Action = {
  kind: "forward",
  note: "carried out; a gateway answered 504",
  replace: {
    status: 504,
    headers: { "content-type": "text/html" },
    body: "<html><body><h1>504 Gateway Time-out</h1></body></html>",
  },
};

function busy({ occupy }: Stage): Trouble {
  let isMade = false;
  return async (exchange: Exchange) => {
    const { terminal_id: terminal } = (exchange.body ?? {}) as { terminal_id?: unknown };
    if (isMade || !isOperationPost(exchange) || typeof terminal !== "string") return forward;
    isMade = true;
    await occupy(terminal);
    return { kind: "forward", note: "the terminal was busy with an operation of another client" };
  };
}

/** All scenarios, in the order in which they are played. */
export const allScenarios: readonly Scenario[] = [
  {
    name: "calm",
    title: "all goes well",
    rules: ["key-sent", "reads-to-end", "audience", "token-kept", "secrets-hidden", "content-type", "lists-whole"],
    trouble: () => () => forward,
  },
  {
    name: "new-fields",
    title: "answers have fields and a header that are new",
    rules: ["unknown-fields"],
    trouble: () => each(() => true, { kind: "forward", change: withNewFields, note: "new fields in the answer" }),
  },
  {
    name: "slow-token",
    title: "a token takes 3 seconds to come",
    rules: ["token-kept"],
    trouble: () => newTokens({ delayMs: 3000 }),
  },
  {
    name: "busy",
    title: "the terminal has an operation of another client: 409 with Retry-After",
    rules: ["waits-409", "one-at-a-time"],
    trouble: busy,
  },
  {
    name: "too-many",
    title: "a command gets 429 with Retry-After",
    rules: ["waits-429"],
    trouble: () => first(isOperationPost, tooMany),
  },
  {
    name: "unavailable",
    title: "a command gets 503 with Retry-After",
    rules: ["waits-503", "key-kept"],
    trouble: () => first(isOperationPost, unavailable),
  },
  {
    name: "cut",
    title: "the connection is cut before a command arrives",
    rules: ["key-kept"],
    trouble: () => first(isOperationPost, cut),
  },
  {
    name: "lost-answer",
    title: "a command is carried out, and its answer is lost",
    rules: ["key-kept", "reads-to-end"],
    trouble: () => first(isOperationPost, lost),
  },
  {
    name: "gateway",
    title: "a command is carried out, and a gateway answers 504 with a page",
    rules: ["key-kept", "reads-to-end"],
    trouble: () => first(isOperationPost, gatewayTimeout),
  },
  {
    name: "reads-fail",
    title: "a read gets 429, the next one 503, and the connection of the third is cut",
    rules: ["waits-429", "waits-503", "reads-to-end"],
    trouble: () => inTurn(isOperationRead, [tooMany, unavailable, cut]),
  },
  {
    name: "token-ends",
    title: "the token lives for 3 seconds, and the operation takes longer",
    rules: ["token-renewed"],
    trouble: () =>
      anyOf(
        newTokens({ seconds: 3 }),
        each(isOperationPost, {
          kind: "forward",
          fault: { name: "slow", timeout: 8 },
          note: "the operation takes 5.6 seconds",
        }),
      ),
  },
  {
    name: "token-revoked",
    title: "the token is refused with the command",
    rules: ["token-renewed"],
    trouble: () => refusesTheToken(isOperationPost),
  },
  {
    name: "shut-out",
    title: "from the command on every token is refused, new ones too",
    rules: ["token-loop"],
    trouble: () => refusesAllTokens(isOperationPost),
  },
  {
    name: "refused",
    title: "the terminal is gone: every command gets 404",
    rules: ["refusal-final"],
    trouble: () => each(isOperationPost, refuse("terminal_not_found", "The account has no such terminal.")),
  },
  {
    name: "fails",
    title: "operations end FAILED",
    rules: ["outcome-told", "key-renewed"],
    trouble: () => each(isOperationPost, { kind: "forward", fault: { name: "failure" }, note: "it ends FAILED" }),
  },
  {
    name: "times-out",
    title: "the operation ends TIMEOUT after 5 seconds, and its result comes 2 seconds later",
    rules: ["timeout-open"],
    trouble: () =>
      first(isOperationPost, {
        kind: "forward",
        fault: { name: "late_answer", timeout: 5 },
        note: "it ends TIMEOUT; its result comes late",
      }),
  },
  {
    name: "long",
    title: "the operation is PENDING for 5.6 seconds",
    rules: ["poll-pace", "poll-ends"],
    trouble: () =>
      each(isOperationPost, {
        kind: "forward",
        fault: { name: "slow", timeout: 8 },
        note: "the operation takes 5.6 seconds",
      }),
  },
];
