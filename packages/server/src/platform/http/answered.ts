import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { loggedUrl } from "./logged-url.ts";
import { clientOf } from "./request-client.ts";

/** Is told of a request once its answer has been sent, or its caller has hung up. Must not throw. */
export type OnAnswered = (request: FastifyRequest, reply: FastifyReply) => void;

/** Tells all of each answered request. */
export function watchAnswers(app: FastifyInstance, all: readonly OnAnswered[]): void {
  app.addHook("onResponse", (request, reply, done) => {
    for (const answered of all) answered(request, reply);
    done();
  });
}

/** A request of a client that was answered. It holds no secret. */
export interface AnsweredRequest {
  account_id: string;
  client_id: string;
  request_id: string;
  method: string;
  /** As the request log shows it. */
  path: string;
  status: number;
  /** The error code of the answer. */
  code: string | undefined;
  duration_ms: number;
}

const codes = new WeakMap<FastifyRequest, string>();

/** Notes the error code that a request is answered with. */
export function noteCode(request: FastifyRequest, code: string): void {
  codes.set(request, code);
}

/**
 * An answered request that names a client: by its token, or in a request for one. Undefined for others, which belong to no
 * account.
 */
export function answeredRequest(request: FastifyRequest, reply: FastifyReply): AnsweredRequest | undefined {
  const client = clientOf(request);
  return (
    client && {
      ...client,
      request_id: request.id,
      method: request.method,
      path: loggedUrl(request),
      status: reply.statusCode,
      code: codes.get(request),
      duration_ms: Math.round(reply.elapsedTime),
    }
  );
}
