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
  type FastifySchema,
  LogController,
} from "fastify";
import { ApiDocs, type ApiDocsDeps } from "./api-docs/api-docs.ts";
import { insufficientScope } from "./auth/refusals.ts";
import type { Attempts, Tokens } from "./auth/tokens.ts";
import { isRetryable, isUnavailable, unavailable } from "./db/failures.ts";
import { hasFreeText, textReader } from "./logs/device-texts.ts";
import { ApiError, invalidRequest } from "./platform/errors.ts";
import { type BodyLimits, limitBodies } from "./platform/http/body-times.ts";
import { draining } from "./platform/http/draining.ts";
import { emptyIsNoBody } from "./platform/http/empty-body.ts";
import { toApiError } from "./platform/http/failures.ts";
import { hangUp } from "./platform/http/hang-ups.ts";
import { limitUnanswered, messagesInLargePieces } from "./platform/http/http-floods.ts";
import { addJsonParser } from "./platform/http/json-body.ts";
import { loggedUrl } from "./platform/http/logged-url.ts";
import { refuseUnknown } from "./platform/http/methods.ts";
import { networkOf, type RateLimits, takeTurn } from "./platform/http/rate-limit.ts";
import { rawAnswers } from "./platform/http/raw-answers.ts";
import { clientOf, nameClient } from "./platform/http/request-client.ts";
import { headerFault, keepAddressesOnly } from "./platform/http/request-headers.ts";
import { Answer, type Caller, type PowerfulCaller, type Route } from "./platform/http/route.ts";
import { securityHeaders, setOnEveryResponse } from "./platform/http/security-headers.ts";
import { findUnstorable } from "./platform/http/storable.ts";
import { compileBodyless, compileValidator } from "./platform/http/validation.ts";
import { hasMoreValues } from "./platform/http/value-count.ts";
import type { Logger } from "./platform/log.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    bodyValues?: Route["bodyValues"] | undefined;
  }
}

export interface AppDeps {
  log: Logger;
  tokens: Tokens;
  routes: Route[];
  /** Left out, nobody is held back. */
  rateLimits?: RateLimits | undefined;
  /** Proxies whose word on where a request comes from is taken. */
  trustedProxies?: readonly string[] | undefined;
  /** Callers reach the server by https. */
  https?: boolean;
  /** What the server's own pages tell of it. */
  docs?: ApiDocsDeps;
}

/** What stands before every route. */
type Gate = Pick<AppDeps, "tokens" | "rateLimits"> & { bodies: BodyLimits };

const formType = "application/x-www-form-urlencoded";

/** Longest URL part that a router takes; ids are shorter. */
const maxParamLength = 300;

/** Node looks for connections that overstep `headersTimeout` at this interval only. */
const times = { headersTimeout: 30_000, connectionsCheckingInterval: 5_000 };

/** Builds the HTTP app from its routes; listening is the caller's business. */
export async function buildApp({
  log,
  routes,
  trustedProxies = [],
  https = false,
  docs = { ownUrl: () => "" },
  ...deps
}: AppDeps): Promise<FastifyInstance> {
  const headers = securityHeaders({ https });
  const raw = rawAnswers(headers);
  const baseLogger: FastifyBaseLogger = log;
  const app = fastify({
    loggerInstance: baseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.httpBodyBytes,
    routerOptions: { maxParamLength },
    requestIdHeader: false,
    ...(trustedProxies.length > 0 && { trustProxy: [...trustedProxies] }),
    genReqId: () => randomUUID(),
    // Node's own has one time for every request: see `limitBodies`.
    requestTimeout: 0,
    // Whoever asks while the server is ending is answered, too; `connection: close` tells them to go elsewhere.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      reply.header("request-id", request.id);
      answerError(error, request, reply);
    },
    clientErrorHandler: raw.broken,
    // Node would answer a missing Host in a shape of its own: see `headerFault`.
    http: { requireHostHeader: false, IncomingMessage: messagesInLargePieces(raw.inPieces), ...times },
  });
  const gate = { ...deps, bodies: limitBodies(app.server, raw.overdue) };
  raw.listenTo(app.server);
  limitUnanswered(app.server, ({ remoteAddress }) => {
    log.info({ address: remoteAddress }, "a connection sent too many requests ahead, it is ended");
  });
  setOnEveryResponse(app.server, headers);
  keepAddressesOnly(app.server);
  const { settle, finish } = draining(app.server);
  app.addHook("preClose", async () => {
    await settle();
    // While the framework, which stops listening now, waits for its connections.
    void finish();
  });
  const pages = new ApiDocs(docs);
  setRules(app, routes, pages.paths);
  addHooks(app, log);
  pages.addTo(app);
  for (const row of routes.filter(({ endpoint: { form, upload } }) => !form && !upload)) addRoute(app, row, gate);
  await app.register(async (forms) => {
    await forms.register(formbody, { bodyLimit: limits.httpBodyBytes });
    for (const row of routes.filter(({ endpoint }) => endpoint.form)) addRoute(forms, row, gate);
  });
  for (const row of routes)
    if (row.endpoint.upload) await app.register(async (uploads) => addUpload(uploads, row, gate));
  return app;
}

/** How requests are read and judged, and how errors are answered. */
function setRules(app: FastifyInstance, routes: readonly Route[], pages: readonly string[]): void {
  app.setValidatorCompiler(compileValidator);
  // The schemas of answers are for the reference page and the tests. As serializers they would turn an answer that does
  // not fit into a fault of the server, and what is shown is built field by field anyway.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.setErrorHandler(answerError);
  const refused = refuseUnknown(routes, pages, maxParamLength);
  app.setNotFoundHandler(({ method, url }) => {
    throw refused(method, url);
  });
  addJsonParser(app);
  // Bodies are JSON, or a form where a route says so.
  app.removeContentTypeParser("text/plain");
}

function addHooks(app: FastifyInstance, log: Logger): void {
  app.addHook("onRequest", (request, reply, done) => {
    reply.header("request-id", request.id);
    done(headerFault(request.raw));
  });
  app.addHook("preValidation", (request, _reply, done) => done(unstorable(request)));
  if (!log.isLevelEnabled("info")) return;
  app.addHook("onResponse", (request, reply, done) => {
    logAnswer(request, reply);
    done();
  });
}

function logAnswer(request: FastifyRequest, reply: FastifyReply): void {
  const { method } = request;
  const ms = Math.round(reply.elapsedTime);
  const answer = { method, url: loggedUrl(request), status: reply.statusCode, ms };
  request.log.info({ ...answer, ...clientOf(request) }, "answered");
}

/** A route whose body is handed on unread. */
function addUpload(app: FastifyInstance, row: Route, gate: Gate): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser([...(row.endpoint.upload ?? [])], (_request, body, done) => done(null, body));
  addRoute(app, row, gate);
}

const bucketOf = { "per address": "perAddress", "devices per address": "devicesPerAddress" } as const;

const callers = new WeakMap<FastifyRequest, Caller | PowerfulCaller>();

function addRoute(app: FastifyInstance, row: Route, gate: Gate): void {
  const { method, path: url, body, scopes, limited, form, upload } = row.endpoint;
  // Free text of devices is masked before it is handled.
  const readBody = body && hasFreeText(body) ? textReader(body) : undefined;
  app.route({
    method,
    url,
    schema: schemaOf(row.endpoint),
    ...(upload && { validatorCompiler: compileBodyless }),
    // A form without content is a form without fields, and an upload may be a file of no bytes.
    config: { bodyValues: row.bodyValues },
    preParsing: emptyIsNoBody(upload ?? (form ? [formType] : [])),
    onRequest: async (request) => {
      if (limited) takeTurn(gate.rateLimits?.[bucketOf[limited]], networkOf(request.ip));
      if (scopes === "public") row.guard?.(request);
      else callers.set(request, await authorize(request, scopes, gate, row.givesPower !== undefined));
    },
    ...(row.endpoint.bodyOptional && { preValidation: async (request) => void (request.body ??= {}) }),
    handler: async (request, reply) => {
      const caller = callers.get(request);
      const answer = await handled(row, gate, request, {
        params: request.params,
        query: request.query,
        body: readBody ? readBody(request.body) : request.body,
        request,
        ...(caller && { caller }),
      });
      return reply
        .status(answer.status ?? successOf(row.endpoint))
        .headers(answer.headers)
        .send(answer.body);
    },
  });
}

/** The first success status that an endpoint names. */
function successOf({ answers }: Endpoint): number {
  return Number(Object.keys(answers)[0]);
}

/** What the framework validates requests by. */
function schemaOf({ params, query, body }: Endpoint): FastifySchema {
  return { ...(params && { params }), ...(query && { querystring: query }), ...(body && { body }) };
}

/** An upload may take its time; what is left of one that was refused is read and forgotten like any other body. */
async function handled(
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

/** Token, then scope, then account: another tenant's account looks as if it did not exist (D21). */
async function authorize(
  request: FastifyRequest,
  accepted: readonly string[],
  gate: Gate,
  givesPower: boolean,
): Promise<Caller | PowerfulCaller> {
  const { authorization } = request.headers;
  const { grantId, scopes, ...principal } = await gate.tokens.authenticate(authorization, attemptsOf(request, gate));
  nameClient(request, principal);
  takeTurn(gate.rateLimits?.perClient, `${principal.clientAccountId}/${principal.clientId}`);
  if (!accepted.some((scope) => scopes.has(scope))) throw insufficientScope(accepted);
  const { aid, oid } = request.params as { aid?: string; oid?: string };
  if ((aid ?? oid ?? principal.accountId) !== principal.accountId) {
    throw new ApiError("account_not_found", "There is no such account.");
  }
  const caller = { ...principal, address: request.ip, requestId: request.id };
  return givesPower ? { ...caller, authority: { grantId, scopes, accepted } } : { ...caller, scopes };
}

/** Tokens that turn out to be none count against the network they come from; those it has shown before go on. */
function attemptsOf({ ip }: FastifyRequest, { rateLimits }: Gate): Attempts {
  const network = networkOf(ip);
  return {
    begin: () => takeTurn(rateLimits?.badTokensPerAddress, network),
    succeeded: () => rateLimits?.badTokensPerAddress.giveBack(network),
  };
}

function unstorable(request: FastifyRequest): ApiError | undefined {
  const fault =
    (request.body instanceof Readable ? undefined : tooManyValues(request)) ??
    findUnstorable(request.params, "/path") ??
    findUnstorable(request.query, "/query") ??
    (request.body instanceof Readable ? undefined : findUnstorable(request.body, "/body"));
  return fault && invalidRequest(fault);
}

function tooManyValues({ body, routeOptions }: FastifyRequest): ErrorDetail | undefined {
  const { bodyValues: most = limits.httpBodyValues } = routeOptions.config;
  return hasMoreValues(body, most) ? { path: "/body", message: `must not have more than ${most} values` } : undefined;
}

/** The one place where an error becomes an answer. */
function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const hungUp = hangUp(thrown, request.raw);
  // Such a request has no answer that could be logged.
  if (hungUp) request.log.info({ method: request.method, url: loggedUrl(request) }, "the caller hung up");
  const error = hungUp ?? (isUnavailable(thrown) || isRetryable(thrown) ? unavailable(thrown) : toApiError(thrown));
  // The framework would hang up on a caller who is still sending, and whose end then throws the answer away unread. What
  // is left of the body is read and forgotten instead, for as long as a request may take.
  if (error.code === "body_too_large" || error.code === "log_too_large") reply.removeHeader("connection");
  if (error.status >= 500) request.log.error({ err: error.cause ?? error, code: error.code }, "request failed");
  reply.status(error.status).headers(error.headers).send(error.body());
}
