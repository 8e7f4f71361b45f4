import type { FastifyInstance, FastifyRequest } from "fastify";
import { type Span, type Traces, withinRequest } from "../tracing/traces.ts";

const spans = new WeakMap<FastifyRequest, Span>();

/** Makes a span of each request to the API, where traces are recorded. A caller's `traceparent` makes it part of the caller's trace. */
export function traceRequests(app: FastifyInstance, traces: Traces): void {
  app.addHook("onRequest", (request, _reply, done) => {
    const { method, routeOptions, headers } = request;
    const { url: route } = routeOptions;
    if (route !== undefined && isTraced(route)) {
      const facts = { "http.request.method": method, "http.route": route, request_id: request.id };
      const { traceparent } = headers;
      const header = typeof traceparent === "string" ? traceparent : undefined;
      const span = traces.root({ name: `${method} ${route}`, kind: "server", facts }, header);
      if (span) spans.set(request, span);
    }
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    const { statusCode } = reply;
    const facts = { "http.response.status_code": statusCode };
    spans.get(request)?.end({ facts, ...(statusCode >= 500 && { error: String(statusCode) }) });
    done();
  });
}

/** Runs the handler of a request such that the spans of what it does stand below that of the request. */
export function inSpanOf<T>(traces: Traces | undefined, request: FastifyRequest, work: () => T): T {
  return traces ? withinRequest(spans.get(request), work) : work();
}

/** Devices that poll ask all the time, and what matters of their requests has spans of its own. */
function isTraced(route: string): boolean {
  return route.startsWith("/v1/") && !route.startsWith("/v1/device");
}
