import { AnswerCheck } from "@tillkeeper/stage/servers/answer-check";
import type { OpenApi } from "./document.ts";
import type { Answer, RawRequest } from "./http.ts";
import { cardNumbers } from "./recipes.ts";
import type { Stage } from "./stage.ts";
import type { World } from "./world.ts";

/** Headers that every answer must have. */
const requiredHeaders: Record<string, RegExp> = {
  "x-content-type-options": /^nosniff$/,
  "content-security-policy": /^default-src 'none'; frame-ancestors 'none'$/,
  "referrer-policy": /^no-referrer$/,
  "cache-control": /=|no-store/,
  "request-id": /^[\da-f-]{36}$/,
};

/** Checks one answer. Returns what is wrong with it, or undefined. */
export type CheckAnswer = (rawRequest: RawRequest, answer: Answer) => string | undefined;

/** Makes the checks that every answer to every request must pass. */
export function createAnswerCheck(document: OpenApi, stage: Stage, world: World): CheckAnswer {
  const described = new AnswerCheck(document as never);
  return (rawRequest, answer) => {
    if (answer.status === 0) return `no answer: ${answer.text}`;
    if (answer.status >= 500) return `a fault of the server: ${answer.status} ${answer.text.slice(0, 200)}`;
    for (const [name, form] of Object.entries(requiredHeaders)) {
      const value = [answer.headers[name] ?? "missing"].flat().join();
      if (!form.test(value)) return `the header ${name} is ${value}`;
    }
    const whole = `${answer.text}\n${JSON.stringify(answer.headers)}`;
    const shown = secretsOf(stage, world).find(([, secret]) => whole.includes(secret));
    if (shown) return `the answer shows the ${shown[0]}`;
    return againstDocument(described, rawRequest, answer);
  };
}

/** Secrets that no answer may show, because they were given before the run or are renewed outside its requests. */
function secretsOf(
  stage: Stage,
  { own, foreign, operator, operatorToken, messagingDevice, waiting }: World,
): [name: string, secret: string][] {
  return [
    ["bootstrap token", stage.bootstrapToken],
    ["broker secret", stage.brokerSecret],
    ["client's secret", own.clientSecret],
    ["client's token", own.token],
    ["foreign client's secret", foreign.clientSecret],
    ["foreign client's token", foreign.token],
    ["operator's secret", operator.clientSecret],
    ["operator's token", operator.token],
    ["operator's token for the own account", operatorToken],
    ["device's token", messagingDevice.token],
    ["transfer token", waiting.send_logs.transfer.token],
    ["transfer token", waiting.check_update.transfer.token],
    ...cardNumbers.map((number): [string, string] => ["number of a card", number]),
  ];
}

function againstDocument(described: AnswerCheck, { method, path }: RawRequest, { status, headers, text }: Answer) {
  const isJson = headers["content-type"]?.startsWith("application/json") ?? false;
  try {
    const body: unknown = isJson && text !== "" ? JSON.parse(text) : undefined;
    if (status >= 400 && !isError(body)) return `the error has another shape: ${text.slice(0, 200)}`;
    if (isJson) {
      const retryAfter = [headers["retry-after"] ?? []].flat().join() || null;
      described.check(method, path, { status, body, retryAfter });
    }
    return undefined;
  } catch (error) {
    return `the answer is not as the document has it: ${(error as Error).message.slice(0, 300)}`;
  }
}

/** The parts of a refusal that the run reads. */
export interface ReadError {
  code: string;
  places: { path: string; message: string }[];
}

/** The code and the places of a refusal, also in the shape of RFC 6749; empty for an unreadable one. */
export function readError(text: string): ReadError {
  try {
    const { error } = JSON.parse(text);
    return typeof error === "string" ? { code: error, places: [] } : { code: error.code, places: error.errors ?? [] };
  } catch {
    return { code: "", places: [] };
  }
}

/** Statuses of requests that were refused for their form, or for their number. */
const refusedForForm = new Set([400, 405, 406, 411, 413, 414, 415, 422, 429, 431]);
/** Codes of refusals with such a status that are the route's own rule. */
const refusedByRule = new Set(["sign_in_locked"]);
/** Codes of refusals before validation: no route, no valid token, a scope too little, another account. */
const refusedBeforeValidation = new Set([
  "not_found",
  "missing_token",
  "invalid_token",
  "insufficient_scope",
  "account_not_found",
]);

/** Whether the route's own rules have answered. Doubtful answers do not count, for example a 400 for a missing thing. */
export function isPastValidation({ status, text }: Answer): boolean {
  if (status === 0 || status >= 500) return false;
  if (refusedForForm.has(status)) return refusedByRule.has(readError(text).code);
  return status < 400 || !refusedBeforeValidation.has(readError(text).code);
}

function isError(body: unknown): boolean {
  const { error } = (body ?? {}) as { error?: { code?: unknown; message?: unknown; errors?: unknown } | string };
  // The token endpoint refuses forms in the shape of RFC 6749 section 5.2.
  if (typeof error === "string") return /^[a-z_]+$/.test(error);
  return typeof error?.code === "string" && typeof error.message === "string" && Array.isArray(error.errors);
}

/** Headers that differ between any two answers. */
const changing = new Set(["date", "request-id", "content-length", "connection", "keep-alive"]);

/** The difference between the answers for a foreign thing and for a missing one; undefined when there is none. */
export function difference(foreign: Answer, missing: Answer, ids: readonly [string, string][]): string | undefined {
  if (foreign.status !== missing.status) return `foreign ${foreign.status}, missing ${missing.status}`;
  const heads = [foreign, missing].map(({ headers }, side) => withoutIds(shownHeaders(headers), ids, side));
  if (heads[0] !== heads[1]) return `headers differ: ${heads[0]} and ${heads[1]}`;
  // A success that made something has ids and times of its own.
  if (foreign.status < 300 && foreign.status !== 200) return undefined;
  const bodies = [foreign, missing].map(({ text }, side) => withoutIds(text, ids, side));
  return bodies[0] === bodies[1] ? undefined : `bodies differ: ${bodies[0]} and ${bodies[1]}`;
}

function shownHeaders(headers: Answer["headers"]): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    changing.has(name) ? [] : [`${name}: ${String(value)}`],
  );
  return lines.toSorted((one, other) => one.localeCompare(other)).join("\n");
}

function withoutIds(text: string, ids: readonly [string, string][], side: number): string {
  return ids.reduce((shown, pair) => shown.replaceAll(pair[side] as string, "(id)"), text);
}
