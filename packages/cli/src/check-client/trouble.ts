import { randomUUID } from "node:crypto";
import { type ErrorCode, errorCodes } from "@tillkeeper/contract/http/errors";
import { type Answer, type Exchange, isApiRequest, isTokenRequest, tokenOf } from "./exchange.ts";

/** A fault of a virtual terminal (docs/virtual-terminals.md), and the operation's window in seconds. */
export interface Fault {
  name: string;
  timeout?: number;
}

/** What the proxy does with a request. `note` says what was wrong, in words; without it nothing was. */
export type Action =
  | {
      kind: "forward";
      note?: string;
      /** The terminal has this fault in the operation that the request sends. */
      fault?: Fault;
      /** Milliseconds by which the answer comes later. */
      delayMs?: number;
      change?: (answer: Answer) => Answer;
      /** lose: the program does not get the answer. replace: it gets this one. */
      lose?: true;
      replace?: Answer;
    }
  | { kind: "answer"; note: string; answer: Answer }
  | { kind: "cut"; note: string };

/** Decides on each request, in their order. */
export type Trouble = (exchange: Exchange) => Action | Promise<Action>;

export const forward: Action = { kind: "forward" };

/** Makes trouble for the first request that matches. */
export function first(matches: (exchange: Exchange) => boolean, action: Action): Trouble {
  return inTurn(matches, [action]);
}

/** Makes trouble for the first requests that match, another one for each. */
export function inTurn(matches: (exchange: Exchange) => boolean, actions: readonly Action[]): Trouble {
  const left = [...actions];
  return (exchange) => (matches(exchange) ? (left.shift() ?? forward) : forward);
}

/** Makes trouble for every request that matches. */
export function each(matches: (exchange: Exchange) => boolean, action: Action): Trouble {
  return (exchange) => (matches(exchange) ? action : forward);
}

/** Takes the first of these troubles that has something against the request. */
export function anyOf(...troubles: readonly Trouble[]): Trouble {
  return async (exchange) => {
    for (const trouble of troubles) {
      const action = await trouble(exchange);
      if (action !== forward) return action;
    }
    return forward;
  };
}

/** A refusal as the server answers it. */
export function refuse(code: ErrorCode, message: string, headers: Record<string, string> = {}): Action {
  const { status } = errorCodes[code];
  const answer = {
    status,
    headers: { "content-type": "application/json; charset=utf-8", "request-id": randomUUID(), ...headers },
    body: { error: { code, message, errors: [] } },
  };
  const wait = headers["retry-after"];
  return { kind: "answer", note: `${status} ${code}${wait === undefined ? "" : `, Retry-After ${wait}`}`, answer };
}

const invalidToken = refuse("invalid_token", "The token is not valid.", {
  "www-authenticate": 'Bearer realm="tillkeeper", error="invalid_token"',
});

/** Every token is refused from the first request on that matches. */
export function refusesAllTokens(matches: (exchange: Exchange) => boolean): Trouble {
  let refuses = false;
  return (exchange) => {
    refuses ||= matches(exchange);
    return refuses && isApiRequest(exchange) ? invalidToken : forward;
  };
}

/** The token of the first request that matches is refused, then and later. */
export function refusesTheToken(matches: (exchange: Exchange) => boolean): Trouble {
  let refused: string | undefined;
  return (exchange) => {
    if (matches(exchange)) refused ??= tokenOf(exchange);
    return refused !== undefined && tokenOf(exchange) === refused ? invalidToken : forward;
  };
}

/** What happens to tokens that are given from now on. */
interface NewTokens {
  /** They say that they live for so many seconds, and are refused after that. */
  seconds?: number;
  /** They take so many milliseconds to come. */
  delayMs?: number;
}

/** Makes trouble with tokens. Those from before are refused, so that a program that has run for long asks for one. */
export function newTokens({ seconds, delayMs }: NewTokens): Trouble {
  const ends = new Map<string, number>();
  const change = (answer: Answer): Answer => {
    const body = answer.body as { access_token?: unknown };
    if (typeof body.access_token !== "string") return answer;
    ends.set(body.access_token, seconds === undefined ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1000);
    return seconds === undefined ? answer : { ...answer, body: { ...body, expires_in: seconds } };
  };
  const slow = delayMs !== undefined && { delayMs, note: `the answer took ${delayMs / 1000} seconds` };
  return (exchange) => {
    if (isTokenRequest(exchange)) return { kind: "forward", change, ...slow };
    const token = tokenOf(exchange);
    return token !== undefined && performance.now() > (ends.get(token) ?? 0) ? invalidToken : forward;
  };
}

/** Adds a field that no program knows to every object of an answer, and a header. */
export function withNewFields({ status, headers, body }: Answer): Answer {
  return { status, headers: { ...headers, "new-header": "yes" }, body: grown(body) };
}

function grown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(grown);
  if (value === null || typeof value !== "object") return value;
  const fields = Object.entries(value).map(([name, part]) => [name, grown(part)]);
  return { ...Object.fromEntries(fields), new_field: { since: "a later version", items: [1, null] } };
}
