import { sessionCookieName } from "@tillkeeper/contract/http/credentials";
import type { FastifyRequest } from "fastify";
import { ApiError } from "../../platform/errors.ts";
import { isLoopback } from "../../platform/loopback.ts";
import { flowSeconds, sessionSeconds } from "./lifetimes.ts";

/** How the cookie of a session is named, set and read. By https it has the prefix that keeps other hosts and plain http from setting it. */
export function sessionCookies({ https }: { https: boolean }) {
  const name = https ? `__Host-${sessionCookieName}` : sessionCookieName;
  const attributes = `Path=/; HttpOnly; SameSite=Strict${https ? "; Secure" : ""}`;
  return {
    set: (token: string) => ({ "set-cookie": `${name}=${token}; ${attributes}; Max-Age=${sessionSeconds}` }),
    clear: () => ({ "set-cookie": `${name}=; ${attributes}; Max-Age=0` }),
    /** The token of the session; undefined without one, and in a request that no page of this server has sent (D41). */
    read(request: FastifyRequest): string | undefined {
      const token = valueOf(request.headers.cookie ?? "", name, tokenForm);
      return token !== undefined && request.headers["sec-fetch-site"] === "same-origin" && hasOwnOrigin(request)
        ? token
        : undefined;
    },
  };
}
export type SessionCookies = ReturnType<typeof sessionCookies>;

/**
 * The cookie of a browser whose person is at a provider. It comes along when the provider sends the browser back, so it cannot be
 * `SameSite=Strict`; it is no session and opens nothing.
 */
export function flowCookies({ https }: { https: boolean }) {
  const name = https ? `__Host-${flowCookieName}` : flowCookieName;
  const attributes = `Path=/; HttpOnly; SameSite=Lax${https ? "; Secure" : ""}`;
  return {
    set: (sealed: string) => ({ "set-cookie": `${name}=${sealed}; ${attributes}; Max-Age=${flowSeconds}` }),
    clear: () => ({ "set-cookie": `${name}=; ${attributes}; Max-Age=0` }),
    read: ({ headers }: FastifyRequest) => valueOf(headers.cookie ?? "", name, sealedForm),
  };
}
export type FlowCookies = ReturnType<typeof flowCookies>;

const flowCookieName = "tillkeeper_sign_in";
const tokenForm = /^[\w-]{43}$/;
const sealedForm = /^[\w.-]{1,3000}$/;

/** The value of a cookie by its name, if it has the form. */
function valueOf(header: string, name: string, form: RegExp): string | undefined {
  const cookies = header.split(";").map((cookie) => cookie.trim());
  const value = cookies.find((cookie) => cookie.startsWith(`${name}=`))?.slice(name.length + 1);
  return value !== undefined && form.test(value) ? value : undefined;
}

const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/** An unsafe request names the origin of its page; a browser lets no page set these headers. */
function hasOwnOrigin({ method, headers }: FastifyRequest): boolean {
  return safeMethods.has(method) || isOwnOrigin(headers.origin, headers.host);
}

function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined || host === undefined || !URL.canParse(origin)) return false;
  return new URL(origin).host === host.toLowerCase();
}

/** Whether browsers trust a page of this origin as they trust one by HTTPS: of the machine itself they do. */
function isTrustworthy(origin: string): boolean {
  const { protocol, hostname } = new URL(origin);
  return protocol === "https:" || hostname.endsWith(".localhost") || isLoopback(hostname.replaceAll(/[[\]]/g, ""));
}

/**
 * Refuses what a browser sends for a page of another origin. Programs send neither header. Browsers leave `Sec-Fetch-Site` out where the
 * page came by plain HTTP from another machine: no session would count there, so the request is refused in words. Throws
 * `cross_origin_refused`, `secure_page_required`.
 */
export function requireOwnPage({ headers }: FastifyRequest): void {
  const { origin, host, "sec-fetch-site": site } = headers;
  if (site === undefined && origin !== undefined && isOwnOrigin(origin, host) && !isTrustworthy(origin)) {
    throw new ApiError(
      "secure_page_required",
      "The page came by plain HTTP from another machine, and there browsers do not say which page asks.",
    );
  }
  if ((site === undefined || site === "same-origin") && (origin === undefined || isOwnOrigin(origin, host))) return;
  throw new ApiError("cross_origin_refused", "The request comes from a page of another origin.");
}
