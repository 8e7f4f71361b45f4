import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { answerHeaders } from "@tillkeeper/contract/http/headers";
import type { Address } from "./addresses.ts";
import type { HeaderTable } from "./security-headers.ts";

/** Origins of web pages that may call the API with a token: a list, or any. */
export type CorsOrigins = "*" | readonly string[];

/** Headers that pages may send, beside those of the endpoints at the address. */
const sendable = [
  "Authorization",
  "Content-Type",
  "Idempotency-Key",
  "If-Match",
  "If-None-Match",
  "If-Unmodified-Since",
  "request-id",
];
/** Headers of answers that pages may read beside the few that browsers always show. */
const readable = [...new Set([...Object.keys(answerHeaders), "total-count"])].join(", ");
/** Two hours, the longest that Chromium keeps an answer to a preflight. */
const maxAgeSeconds = 7_200;

const sandboxControls = "/v1/sandbox/";

/**
 * Whether pages of other origins may call an endpoint: where an access token opens it, and where its row says so, which is how front
 * ends get tokens of people. Credentials of devices and brokers do not belong in a page. The controls of a sandbox are for tests
 * alone.
 */
export function isForPages({ scopes, path, forPages }: Endpoint): boolean {
  return (scopes !== "public" && !path.startsWith(sandboxControls)) || forPages === true;
}

/** CORS (Fetch Standard, section 3.3) for the routes that pages may call. Never with cookies: those of sessions count in pages of this server alone. */
export class Cors {
  readonly #origins: CorsOrigins;

  constructor(origins: CorsOrigins) {
    this.#origins = origins;
  }

  /** Headers of every answer of such a route, errors included. */
  ofAnswer(origin: string | undefined): HeaderTable {
    return this.#allowed(origin, { "access-control-expose-headers": readable });
  }

  /**
   * Headers of the answer to a preflight request; none for any other request with the method OPTIONS, and where no
   * endpoint is for pages.
   */
  ofPreflight({ allow, endpoints }: Address, headers: Readonly<Record<string, unknown>>): HeaderTable {
    const { origin, "access-control-request-method": wanted } = headers;
    const asked = endpoints.filter(({ method }) => method === (wanted === "HEAD" ? "GET" : wanted));
    if (typeof origin !== "string" || asked.length === 0 || !asked.every(isForPages)) return {};
    const own = endpoints.flatMap(({ requestHeaders }) => Object.keys(requestHeaders?.properties ?? {}));
    return this.#allowed(origin, {
      "access-control-allow-methods": allow.join(", "),
      "access-control-allow-headers": [...new Set([...sendable, ...own])].join(", "),
      "access-control-max-age": String(maxAgeSeconds),
    });
  }

  #allowed(origin: string | undefined, further: HeaderTable): HeaderTable {
    if (this.#origins === "*") return { "access-control-allow-origin": "*", ...further };
    const vary = { vary: "Origin" };
    if (origin === undefined || !this.#origins.includes(origin)) return this.#origins.length > 0 ? vary : {};
    return { ...vary, "access-control-allow-origin": origin, ...further };
  }
}
