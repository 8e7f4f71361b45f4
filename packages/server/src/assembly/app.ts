import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import formbody from "@fastify/formbody";
import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
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
import { hasFreeText, textReader } from "../logs/masking/device-texts.ts";
import { type ApiError, invalidRequest } from "../platform/errors.ts";
import { Addresses } from "../platform/http/addresses.ts";
import { type OnAnswered, watchAnswers } from "../platform/http/answered.ts";
import { readBodyHeaders } from "../platform/http/bodies/body-headers.ts";
import { addJsonParser } from "../platform/http/bodies/json-body.ts";
import { normalizerOf, schemaOf, takenBody, takesNothing } from "../platform/http/bodies/of-endpoint.ts";
import { encodingFault } from "../platform/http/bodies/query-words.ts";
import { takeBackOf } from "../platform/http/bodies/sent-back.ts";
import { findUnstorable } from "../platform/http/bodies/storable.ts";
import { compileBodyless, compileValidator } from "../platform/http/bodies/validation.ts";
import { hasMoreValues } from "../platform/http/bodies/value-count.ts";
import { compressAnswers } from "../platform/http/compressed-answers.ts";
import { Cors, type CorsOrigins, isForPages } from "../platform/http/cors.ts";
import { type BodyLimits, limitBodies } from "../platform/http/limits/body-times.ts";
import { draining } from "../platform/http/limits/draining.ts";
import { limitBodyPieces, limitPipelining } from "../platform/http/limits/floods.ts";
import { networkOf, takeTurn } from "../platform/http/limits/rate-limit.ts";
import { loggedUrl } from "../platform/http/logged-url.ts";
import { rawAnswers } from "../platform/http/raw-answers.ts";
import { clientOf, notedOf } from "../platform/http/request-client.ts";
import { hostFault, sanitizeForwardedFor } from "../platform/http/request-headers.ts";
import { inSpanOf, traceRequests } from "../platform/http/request-spans.ts";
import { Answer, type Caller, type PowerfulCaller, type Route } from "../platform/http/route.ts";
import { securityHeaders, setOnEveryResponse } from "../platform/http/security-headers.ts";
import { singleResource } from "../platform/http/single-resources.ts";
import { addUnmatched } from "../platform/http/unmatched.ts";
import type { Logger } from "../platform/log/log.ts";
import { keepLimit, limitedTo } from "../platform/store-limit.ts";
import type { Traces } from "../platform/tracing/traces.ts";
import { answerError } from "./answer-error.ts";
import { type Authorities, authorize } from "./authorize.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    bodyValues?: Route["bodyValues"] | undefined;
  }
}

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

/** What every request passes before its route's handler. */
type Gate = Authorities & { bodies: BodyLimits; traces?: Traces | undefined };

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

/** Adds the routes: those with forms and those with uploads read their bodies in ways of their own. */
async function addRoutes(app: FastifyInstance, routes: readonly Route[], gate: Gate): Promise<void> {
  for (const row of routes.filter(({ endpoint: { form, upload } }) => !form && !upload)) addRoute(app, row, gate);
  await app.register(async (forms) => {
    await forms.register(formbody, { bodyLimit: limits.httpBodyBytes });
    for (const row of routes.filter(({ endpoint }) => endpoint.form)) addRoute(forms, row, gate);
  });
  for (const row of routes)
    if (row.endpoint.upload) await app.register(async (uploads) => addUpload(uploads, row, gate));
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

/** Adds a route that gets its body as an unread stream. */
function addUpload(app: FastifyInstance, row: Route, gate: Gate): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser([...(row.endpoint.upload ?? [])], (_request, body, done) => done(null, body));
  addRoute(app, row, gate);
}

const bucketOf = { "per address": "perAddress", "devices per address": "devicesPerAddress" } as const;

const callers = new WeakMap<FastifyRequest, Caller | PowerfulCaller>();
/** Fields that came back with a request and may not have another value than the resource. */
const sentBack = new WeakMap<FastifyRequest, Record<string, unknown>>();

function addRoute(app: FastifyInstance, row: Route, gate: Gate): void {
  const { method, path: url, body, scopes, alsoScopes, limited, upload } = row.endpoint;
  const takes = takenBody(row.endpoint);
  // Free text of devices is masked before the handler gets it.
  const normalize = normalizerOf(row.endpoint);
  const readBody = body && hasFreeText(body) ? textReader(body) : undefined;
  const takeBack = body && takeBackOf(body);
  const single = singleResource(row.endpoint);
  app.route({
    method,
    url,
    schema: schemaOf(row.endpoint),
    ...(upload && { validatorCompiler: compileBodyless }),
    config: {
      bodyValues: row.bodyValues,
      parseBody: row.parseBody,
      takes,
      forPages: isForPages(row.endpoint),
      oauthErrors: row.endpoint.oauthErrors ?? false,
    },
    preParsing: readBodyHeaders(takes),
    onRequest: async (request) => {
      if (limited) takeTurn(gate.rateLimits?.[bucketOf[limited]], networkOf(request.ip));
      if (scopes === "public") row.guard?.(request);
      else {
        const asked = { scopes, also: alsoScopes, givesPower: row.givesPower !== undefined };
        callers.set(request, await authorize(request, asked, gate));
      }
    },
    preValidation: (request, _reply, done) => {
      // A body that may be left out, but has fields, is not null: a client that sends null may have meant some of them.
      if (takesNothing(row.endpoint)) request.body ??= {};
      else if (request.body === undefined && row.endpoint.bodyOptional) request.body = {};
      normalize?.(request);
      if (takeBack) sentBack.set(request, takeBack(request.body));
      done();
    },
    handler: async (request, reply) => {
      const expects = single?.expectationsOf(request, sentBack.get(request));
      const caller = callers.get(request);
      const call = {
        params: request.params,
        query: request.query,
        body: readBody ? readBody(request.body) : request.body,
        request,
        ...(caller && { caller: expects ? { ...caller, expects } : caller }),
      };
      // The only place that binds a request to the stores of its caller: every `inTenant` of the handler asks for them.
      const answer = await limitedTo(caller?.stores, async () => {
        const given = await inSpanOf(gate.traces, request, () => runHandler(row, gate, request, call));
        keepLimit(given.body);
        return given;
      });
      const status = answer.status ?? successOf(row.endpoint);
      const shown = single ? single.finish(answer, status, expects) : answer;
      return reply
        .status(shown.status ?? status)
        .headers(shown.headers)
        .send(shown.body);
    },
  });
}

/** The first success status that an endpoint names. */
function successOf({ answers }: Endpoint): number {
  return Number(Object.keys(answers)[0]);
}

/**
 * Runs the route's handler. An upload may take longer than other bodies. The rest of a refused upload is read and
 * discarded, as with any other body.
 */
async function runHandler(
  row: Route,
  { bodies }: Gate,
  { raw }: FastifyRequest,
  call: Parameters<Route["handle"]>[0],
): Promise<Answer<unknown>> {
  if (!row.endpoint.upload) return Answer.of(await row.handle(call));
  bodies.allowLong(raw);
  try {
    return Answer.of(await row.handle(call));
  } finally {
    bodies.endSoon(raw);
    raw.resume();
  }
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
