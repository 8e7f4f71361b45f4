import type { IncomingHttpHeaders } from "node:http";

/** An answer as it went out to the program. */
export interface Answer {
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** The parsed JSON, or the text of anything else. */
  body: unknown;
}

/** A request of the program, and what became of it. */
export interface Exchange {
  /** Milliseconds since the scenario began: when the request was there, and when its answer went out or its connection ended. */
  at: number;
  endedAt?: number;
  method: string;
  /** Path and query, as they were sent. */
  target: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** The parsed JSON or form, or the text of anything else; an empty text for none. */
  body: unknown;
  /** What the program received. */
  answer?: Answer;
  /** The server's answer, where the program did not receive it. */
  lostAnswer?: Answer;
  /** The program received no answer. cut: the server never had the request. lost: it carried it out. left: the program did not wait. */
  fate?: "cut" | "lost" | "left";
  /** The trouble that was made for this request, in words. */
  trouble?: string;
}

const operationPath = /^\/v1(?:\/accounts\/[^/]+\/payments)?\/admin\/terminals\/operations(?:\/([^/]+))?$/;
const tokenPath = /^\/v1\/accounts\/[^/]+\/auth\/token$/;

export function isTokenRequest({ method, path }: Exchange): boolean {
  return method === "POST" && tokenPath.test(path);
}

/** Whether the request needs an access token. */
export function isApiRequest(exchange: Exchange): boolean {
  return exchange.path.startsWith("/v1/") && !isTokenRequest(exchange);
}

/** Whether the request sends an operation to a terminal. */
export function isOperationPost({ method, path }: Exchange): boolean {
  return method === "POST" && operationPath.exec(path)?.[1] === undefined && operationPath.test(path);
}

/** Whether the request reads operations: one of them, or a list. */
export function isOperationRead({ method, path }: Exchange): boolean {
  return method === "GET" && operationPath.test(path);
}

/** The id of the operation that the request names, in the path or in the query. */
export function operationIdOf({ path, query }: Exchange): string | undefined {
  return operationPath.exec(path)?.[1] ?? query.get("operation_id") ?? undefined;
}

/** The request's idempotency key, in lower case as the server compares it. */
export function keyOf({ headers }: Exchange): string | undefined {
  const key = headers["idempotency-key"];
  return typeof key === "string" && key !== "" ? key.toLowerCase() : undefined;
}

/** The access token of a request. */
export function tokenOf({ headers }: Exchange): string | undefined {
  return /^bearer +(\S+)/i.exec(headers.authorization ?? "")?.[1];
}

/** The seconds that an answer asks the program to wait. */
export function retryAfterOf(answer: Answer | undefined): number | undefined {
  const seconds = Number(answer?.headers["retry-after"]);
  return seconds > 0 ? seconds : undefined;
}

/** The code of an error in the documented form. */
export function errorCodeOf(answer: Answer | undefined): string | undefined {
  const { error } = (answer?.body ?? {}) as { error?: { code?: unknown } | string };
  const code = typeof error === "string" ? error : error?.code;
  return typeof code === "string" ? code : undefined;
}

/** A text that two requests share if they ask for the same: method, address and body, whatever the order of its fields. */
export function requestText({ method, target, body }: Exchange): string {
  return `${method} ${target} ${sortedText(body)}`;
}

/** JSON with the fields of each object in one order. */
export function sortedText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
