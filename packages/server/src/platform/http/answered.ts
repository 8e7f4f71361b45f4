import type { FastifyInstance, FastifyRequest } from "fastify";
import { loggedUrl } from "./logged-url.ts";
import { clientOf } from "./request-client.ts";

/** A request of a client that was answered, or whose caller hung up. It holds no secret. */
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

/** Is told of a request once its answer has been sent. */
export type OnAnswered = (request: AnsweredRequest) => void;

const codes = new WeakMap<FastifyRequest, string>();

/** Notes the error code that a request is answered with. */
export function noteCode(request: FastifyRequest, code: string): void {
  codes.set(request, code);
}

/** Tells of each answered request that names a client: by its token, or in a request for one. Others belong to no account. */
export function watchAnswers(app: FastifyInstance, onAnswered: OnAnswered): void {
  app.addHook("onResponse", (request, reply, done) => {
    const client = clientOf(request);
    if (client) {
      onAnswered({
        ...client,
        request_id: request.id,
        method: request.method,
        path: loggedUrl(request),
        status: reply.statusCode,
        code: codes.get(request),
        duration_ms: Math.round(reply.elapsedTime),
      });
    }
    done();
  });
}
