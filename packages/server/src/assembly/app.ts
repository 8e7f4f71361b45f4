import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import type { ErrorDetail } from "@tillkeeper/contract/http/errors";
import { limits } from "@tillkeeper/contract/limits";
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";

import { ApiDocs, type ApiDocsDeps } from "../api-docs/pages/api-docs.ts";
import { Console } from "../console/console.ts";
import { type ApiError, invalidRequest } from "../platform/errors.ts";
import { Addresses } from "../platform/http/addresses.ts";
import { type OnAnswered, watchAnswers } from "../platform/http/answered.ts";
import { addJsonParser } from "../platform/http/bodies/json-body.ts";
import { encodingFault } from "../platform/http/bodies/query-words.ts";
import { findUnstorable } from "../platform/http/bodies/storable.ts";
import { compileValidator } from "../platform/http/bodies/validation.ts";
import { hasMoreValues } from "../platform/http/bodies/value-count.ts";
import { compressAnswers } from "../platform/http/compressed-answers.ts";
import { Cors, type CorsOrigins } from "../platform/http/cors.ts";
import { limitBodies } from "../platform/http/limits/body-times.ts";
import { draining } from "../platform/http/limits/draining.ts";
import { limitBodyPieces, limitPipelining } from "../platform/http/limits/floods.ts";
import { loggedUrl } from "../platform/http/logged-url.ts";
import { rawAnswers } from "../platform/http/raw-answers.ts";
import { clientOf, notedOf } from "../platform/http/request-client.ts";
import { hostFault, sanitizeForwardedFor } from "../platform/http/request-headers.ts";
import { traceRequests } from "../platform/http/request-spans.ts";
import type { Route } from "../platform/http/route.ts";
import { securityHeaders, setOnEveryResponse } from "../platform/http/security-headers.ts";
import { addUnmatched } from "../platform/http/unmatched.ts";
import type { Logger } from "../platform/log/log.ts";
import type { Traces } from "../platform/tracing/traces.ts";
import { addRoutes } from "./add-routes.ts";
import { answerError } from "./answer-error.ts";
import type { Authorities } from "./authorize.ts";

export interface AppDeps extends Authorities {
  log: Logger;
  routes: Route[];
  /** Addresses of the proxies whose `X-Forwarded-For` is believed. */
  trustedProxies?: readonly string[] | undefined;
  /** Whether callers reach the server by https. */
  https?: boolean;
  /** Origins of pages that may call the API; left out, none. */
  corsOrigins?: CorsOrigins | undefined;
  /** Are told of each answered request. */
  answered?: readonly OnAnswered[];
  /** Where spans of requests go; left out, nowhere. */
  traces?: Traces | undefined;
  /** What the server's own documentation pages show of it. */
  docs?: ApiDocsDeps;
}

/** Longest path parameter that the router accepts, in characters. Ids are shorter. */
const maxParamLength = 300;

/** Node checks for connections that exceed `headersTimeout` at this interval only. */
const times = { headersTimeout: 30_000, connectionsCheckingInterval: 5_000 };

/** Builds the HTTP app from its routes. The caller starts listening. */
export async function buildApp({
  log,
  routes,
  trustedProxies = [],
  https = false,
  corsOrigins = [],
  answered = [],
  docs = { ownUrl: () => "" },
  ...deps
}: AppDeps): Promise<FastifyInstance> {
  const headers = securityHeaders({ https });
  const raw = rawAnswers(headers);
  const baseLogger: FastifyBaseLogger = log;
  const app = fastify({
    loggerInstance: baseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "request_id" }),
    bodyLimit: limits.httpBodyBytes,
    routerOptions: { maxParamLength },
    requestIdHeader: false,
    ...(trustedProxies.length > 0 && { trustProxy: [...trustedProxies] }),
    genReqId: () => randomUUID(),
    // Node's own time limit is one for every request; `limitBodies` tells uploads apart.
    requestTimeout: 0,
    // Requests that arrive during the shutdown are answered, too; `connection: close` sends their callers to another
    // server.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      reply.header("request-id", request.id);
      answerError(error, request, reply);
    },
    clientErrorHandler: raw.broken,
    // Node would answer a missing Host in a shape of its own; `hostFault` answers it in ours.
    http: { requireHostHeader: false, IncomingMessage: limitBodyPieces(raw.inPieces), ...times },
  });
  const gate = { ...deps, bodies: limitBodies(app.server, raw.overdue) };
  raw.listenTo(app.server);
  limitPipelining(app.server, ({ remoteAddress }) => {
    log.info({ address: remoteAddress }, "a connection sent too many requests ahead, it is ended");
  });
  setOnEveryResponse(app.server, headers);
  sanitizeForwardedFor(app.server);
  const { settle, finish } = draining(app.server);
  app.addHook("preClose", async () => {
    await settle();
    // Not awaited: the framework has stopped listening and now waits for its connections.
    void finish();
  });
  const webConsole = new Console();
  const pages = new ApiDocs(docs, (...args) => webConsole.show(...args));
  setRules(app);
  addHooks(app);
  compressAnswers(app);
  if (deps.traces) traceRequests(app, deps.traces);
  watchAnswers(app, log.isLevelEnabled("info") ? [logAnswer, ...answered] : answered);
  addUnmatched(
    app,
    new Addresses(routes, [...pages.paths, ...webConsole.paths], maxParamLength),
    new Cors(corsOrigins),
  );
  pages.addTo(app);
  webConsole.addTo(app);
  await addRoutes(app, routes, gate);
  return app;
}

/** Sets how requests are parsed and validated, and how errors are answered. */
function setRules(app: FastifyInstance): void {
  app.setValidatorCompiler(compileValidator);
  // Answers are not checked against their schemas: the schemas are for the reference page and the tests. As serializers
  // they would turn an answer that does not fit into a fault of the server. The code builds each answer field by field
  // anyway.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.setErrorHandler(answerError);
  addJsonParser(app);
  // Bodies are JSON, or a form where a route says so.
  app.removeContentTypeParser("text/plain");
}

function addHooks(app: FastifyInstance): void {
  app.addHook("onRequest", (request, reply, done) => {
    reply.header("request-id", request.id);
    done(hostFault(request.raw));
  });
  app.addHook("preValidation", (request, _reply, done) => done(storabilityError(request)));
}

function logAnswer(request: FastifyRequest, reply: FastifyReply): void {
  const { method } = request;
  const ms = Math.round(reply.elapsedTime);
  const answer = { method, url: loggedUrl(request), status: reply.statusCode, ms };
  request.log.info({ ...answer, ...clientOf(request), ...notedOf(request) }, "answered");
}

function storabilityError(request: FastifyRequest): ApiError | undefined {
  const fault =
    (request.body instanceof Readable ? undefined : tooManyValues(request)) ??
    encodingFault(request.url) ??
    findUnstorable(request.params, "/path") ??
    findUnstorable(request.query, "/query") ??
    (request.body instanceof Readable ? undefined : findUnstorable(request.body, "/body"));
  return fault && invalidRequest(fault);
}

function tooManyValues({ body, routeOptions }: FastifyRequest): ErrorDetail | undefined {
  const { bodyValues: most = limits.httpBodyValues } = routeOptions.config;
  return hasMoreValues(body, most) ? { path: "/body", message: `must not have more than ${most} values` } : undefined;
}
