import formbody from "@fastify/formbody";
import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { limits } from "@tillkeeper/contract/limits";
import type { FastifyInstance, FastifyRequest } from "fastify";

import { hasFreeText, textReader } from "../logs/masking/device-texts.ts";
import { readBodyHeaders } from "../platform/http/bodies/body-headers.ts";
import { normalizerOf, schemaOf, takenBody, takesNothing } from "../platform/http/bodies/of-endpoint.ts";
import { takeBackOf } from "../platform/http/bodies/sent-back.ts";
import { compileBodyless } from "../platform/http/bodies/validation.ts";
import { isForPages } from "../platform/http/cors.ts";
import type { BodyLimits } from "../platform/http/limits/body-times.ts";
import { networkOf, takeTurn } from "../platform/http/limits/rate-limit.ts";
import { inSpanOf } from "../platform/http/request-spans.ts";
import { Answer, type Caller, type PowerfulCaller, type Route } from "../platform/http/route.ts";
import { singleResource } from "../platform/http/single-resources.ts";
import { keepLimit, limitedTo } from "../platform/store-limit.ts";
import type { Traces } from "../platform/tracing/traces.ts";
import { type Authorities, authorize } from "./authorize.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    bodyValues?: Route["bodyValues"] | undefined;
  }
}

/** What every request passes before its route's handler. */
type Gate = Authorities & { bodies: BodyLimits; traces?: Traces | undefined };

/** Adds the routes: those with forms and those with uploads read their bodies in ways of their own. */
export async function addRoutes(app: FastifyInstance, routes: readonly Route[], gate: Gate): Promise<void> {
  for (const row of routes.filter(({ endpoint: { form, upload } }) => !form && !upload)) addRoute(app, row, gate);
  await app.register(async (forms) => {
    await forms.register(formbody, { bodyLimit: limits.httpBodyBytes });
    for (const row of routes.filter(({ endpoint }) => endpoint.form)) addRoute(forms, row, gate);
  });
  for (const row of routes)
    if (row.endpoint.upload) await app.register(async (uploads) => addUpload(uploads, row, gate));
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
