import { type Exchange, errorCodeOf, isApiRequest, isTokenRequest, keyOf, requestText, tokenOf } from "../exchange.ts";
import type { RunLog } from "../run-log.ts";
import { broken, type JudgeFacts, type Judgement, kept, type Rule, worst } from "./rule.ts";

/** Needless token requests from which the rule is broken. One alone may be of another process of the program. */
const needless = 2;
/** So many refusals of one request, each with 401, in so many milliseconds are a loop. */
const loop = { refusals: 4, ms: 10_000 };

/** The rules about access tokens and secrets. */
export const tokenRules: readonly Rule[] = [
  {
    name: "token-kept",
    text: "keeps its token, and asks for another only when half of its life is over or it was refused",
    source: "RFC 6749 section 5.1, expires_in",
    untried: "It did not send two requests with a token.",
    judge: judgeKept,
  },
  {
    name: "token-renewed",
    text: "gets a new token when one ends or is refused, and sends the request again with that",
    source: "errors.md, invalid_token",
    untried: "None of its tokens ended or was refused.",
    judge: judgeRenewed,
  },
  {
    name: "token-loop",
    text: "stops when new tokens are refused, too",
    source: "errors.md, invalid_token; RFC 6750 section 3.1",
    untried: "It never came back with a new token that was refused, too.",
    judge: judgeLoop,
  },
  {
    name: "audience",
    text: "names the account of this server in the audience of its token requests",
    source: "errors.md, invalid_audience and audience_not_granted",
    untried: "It asked for no token.",
    judge: judgeAudience,
  },
  {
    name: "secrets-hidden",
    text: "never puts a secret or a token into an address",
    source: "RFC 6749 section 2.3.1; RFC 6750 section 5.3",
    untried: "It sent no request.",
    judge: judgeAddresses,
  },
];

interface GivenToken {
  request: Exchange;
  token: string;
  /** When it was half used, in milliseconds of the scenario. */
  halfAt: number;
}

function givenTokens(log: RunLog): GivenToken[] {
  return log.exchanges.filter(isTokenRequest).flatMap((request) => {
    const { access_token: token, expires_in: seconds } = (request.answer?.body ?? {}) as Record<string, unknown>;
    if (typeof token !== "string") return [];
    return { request, token, halfAt: (request.endedAt ?? request.at) + Number(seconds) * 500 };
  });
}

function judgeKept(log: RunLog): Judgement | undefined {
  const given = givenTokens(log);
  const extra = given.filter(({ request }, index) => {
    const before = given[index - 1];
    if (!before) return false;
    const isRefused = log.exchanges.some(
      ({ answer, endedAt = 0 }) => answer?.status === 401 && endedAt >= before.request.at && endedAt <= request.at,
    );
    return request.at < before.halfAt && !isRefused;
  });
  if (extra.length >= needless) {
    const all = given.map(({ request }) => request);
    return broken(`It asked for ${given.length} tokens; ${extra.length} of them it did not need.`, ...all.slice(0, 4));
  }
  const requests = log.exchanges.filter(isApiRequest);
  const [one] = given;
  if (!one || requests.length < 2) return undefined;
  return kept(
    `${requests.length} requests went with ${given.length} token${given.length > 1 ? "s" : ""}.`,
    one.request,
  );
}

function judgeRenewed(log: RunLog): Judgement | undefined {
  const refused = log.exchanges.find((one) => isApiRequest(one) && one.answer?.status === 401 && tokenOf(one));
  if (!refused) return renewedInTime(log);
  const { endedAt = refused.at } = refused;
  const next = log.exchanges.find((one) => one.at > endedAt && requestText(one) === requestText(refused));
  if (next && tokenOf(next) === tokenOf(refused)) {
    return broken("It sent the request again with the token that was refused.", refused, next);
  }
  if (next) return kept("It sent the request again with a new token.", refused, next);
  const asked = log.exchanges.find((one) => one.at > endedAt && isTokenRequest(one));
  if (asked) return broken("It asked for a new token, but did not send the request again.", refused, asked);
  return broken("It asked for no new token.", refused);
}

/** A program that asks for a new token in time is never refused. */
function renewedInTime(log: RunLog): Judgement | undefined {
  const [first, second] = givenTokens(log);
  if (!first || !second) return undefined;
  const end = 2 * first.halfAt - (first.request.endedAt ?? 0);
  const used = log.exchanges.find((one) => one.at > end && tokenOf(one) !== undefined && tokenOf(one) !== first.token);
  return used && kept("It had a new token before the first ended.", first.request, second.request, used);
}

function judgeLoop(log: RunLog): Judgement | undefined {
  const refused = log.exchanges.filter((one) => isApiRequest(one) && one.answer?.status === 401);
  // In a program that goes on for ever, a command with another key may be a new one of its user.
  const textOf = (one: Exchange) => `${requestText(one)} ${log.endedByItself ? "" : keyOf(one)}`;
  const groups = [...Map.groupBy(refused, textOf).values()];
  const judgements = groups.map((group) => {
    const isLoop = group.some((one, index) => {
      const later = group[index + loop.refusals - 1];
      return later !== undefined && later.at - one.at < loop.ms;
    });
    if (isLoop) return broken(`It was refused ${group.length} times.`, ...group.slice(0, 4));
    const tokens = new Set(group.map(tokenOf));
    return tokens.size > 1 ? kept("It stopped after a new token was refused.", ...group) : undefined;
  });
  return worst(judgements);
}

/** The codes of a wrong audience, in answers to JSON and to forms. */
const wrongAudience = new Set(["invalid_audience", "invalid_target", "audience_not_granted", "unauthorized_client"]);

function judgeAudience(log: RunLog): Judgement | undefined {
  const requests = log.exchanges.filter(isTokenRequest);
  const wrong = requests.find(({ answer }) => wrongAudience.has(errorCodeOf(answer) ?? ""));
  if (wrong) return broken("A token request named another audience.", wrong);
  const right = requests.find(({ answer }) => answer?.status === 200);
  return right && kept("The server took the audience.", right);
}

function judgeAddresses(log: RunLog, { secrets }: JudgeFacts): Judgement | undefined {
  const tokens = givenTokens(log).map(({ token }) => token);
  const bad = log.exchanges.find(({ target, query }) => {
    const text = decodeURIComponent(target.replaceAll(/%(?![0-9a-f]{2})/gi, "%25"));
    return [...secrets, ...tokens].some((one) => text.includes(one)) || query.has("access_token");
  });
  if (bad) return broken("A secret stood in an address, where logs keep it.", bad);
  return log.exchanges[0] && kept("No secret stood in an address.", log.exchanges[0]);
}
