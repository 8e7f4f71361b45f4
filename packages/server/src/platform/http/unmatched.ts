import type { FastifyInstance } from "fastify";
import { ApiError, nothingHere } from "../errors.ts";
import type { Addresses } from "./addresses.ts";
import type { Cors } from "./cors.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Whether pages of other origins may call the route. */
    forPages?: boolean;
  }
}

/**
 * Answers what no route answers: OPTIONS, preflights of browsers among it, wrong methods, and addresses where there is
 * nothing. It does so before the body is read, so that a wrong address is not answered with a fault of the body. Routes
 * for pages get their CORS headers here, before anything refuses the request, so that a page can read refusals, too.
 */
export function addUnmatched(app: FastifyInstance, addresses: Addresses, cors: Cors): void {
  app.addHook("onRequest", (request, reply, done) => {
    const { method, headers, params, routeOptions } = request;
    if (routeOptions.config.forPages) void reply.headers(cors.ofAnswer(headers.origin));
    const path = pathOf(request.url);
    // RFC 9112 section 3.2.4: `*` in place of an address is for OPTIONS. The router would take it for `/`.
    if (path === "*" && method !== "OPTIONS") return done(new ApiError("invalid_request", "`*` is no address."));
    // The router takes nothing at all for a parameter.
    if (!request.is404 && !Object.values(params as object).includes("")) return done();
    const there = method === "OPTIONS" ? addresses.find(path) : undefined;
    if (!there) return done(addresses.refusal(method, path));
    const allow = there.allow.join(", ");
    void reply
      .status(204)
      .headers({ allow, ...cors.ofPreflight(there, headers) })
      .send();
  });
  app.setNotFoundHandler(() => {
    throw nothingHere();
  });
}

/** The path of a request's target, which is a whole URL when it was written for a proxy. */
function pathOf(target: string): string {
  const path = target.startsWith("/") || target === "*" ? target : (URL.parse(target)?.pathname ?? target);
  return path.split(/[?#]/, 1)[0] as string;
}
