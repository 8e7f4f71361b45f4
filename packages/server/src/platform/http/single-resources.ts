import type { Endpoint } from "@tillkeeper/contract/http/endpoint";
import { changesResource, readsResource, showsResource } from "@tillkeeper/contract/http/resource";
import type { FastifyRequest } from "fastify";
import { Expectations, tagOf } from "./preconditions.ts";
import { Answer } from "./route.ts";

/** What an endpoint of a single resource does around its handler (docs/adr/0033). */
export interface SingleResource {
  /** Reads the conditions of a request; undefined where the endpoint has none to obey. Throws `invalid_request`. */
  expectationsOf(request: FastifyRequest, sentBack: Record<string, unknown> | undefined): Expectations | undefined;
  /** Adds the tag to an answer, or answers with 304. Throws `precondition_failed` for a read. */
  finish(answer: Answer<unknown>, status: number, expectations: Expectations | undefined): Answer<unknown>;
}

/** Undefined for an endpoint without a single resource. */
export function singleResource(endpoint: Endpoint): SingleResource | undefined {
  const { resource, answers } = endpoint;
  if (!resource) return undefined;
  const reads = readsResource(endpoint);
  const obeys = reads || changesResource(endpoint);
  const shown = new Set(
    Object.entries(answers).flatMap(([status, schema]) => (showsResource(schema, resource) ? [Number(status)] : [])),
  );
  return {
    expectationsOf: ({ headers }, sentBack) => (obeys ? new Expectations(resource, headers, sentBack) : undefined),
    finish: (answer, status, expectations) => {
      // Another representation than JSON has no tag: it names what JSON shows.
      if (reads && typeof answer.body === "string") return answer;
      const body = shown.has(status) ? (answer.body as object) : undefined;
      const isKnown = reads && body !== undefined && expectations?.isKnown(body);
      if (expectations?.any && !expectations.checked) throw new Error(`${endpoint.id} has not compared its resource`);
      if (!body) return answer;
      const headers = { ...answer.headers, etag: tagOf(resource, body) };
      return isKnown ? new Answer(undefined, { headers, status: 304 }) : new Answer(body, { headers, status });
    },
  };
}
