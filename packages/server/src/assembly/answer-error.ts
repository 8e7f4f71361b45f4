import type { FastifyReply, FastifyRequest } from "fastify";
import { isRetryable, isUnavailable, unavailable } from "../db/failures.ts";
import { noteCode } from "../platform/http/answered.ts";
import { toApiError } from "../platform/http/failures.ts";
import { hangUpError } from "../platform/http/limits/hang-up.ts";
import { loggedUrl } from "../platform/http/logged-url.ts";
import { errorAnswer } from "../platform/http/oauth-errors.ts";

/** The only place where an error becomes an answer. */
export function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const hungUp = hangUpError(thrown, request.raw);
  // A request whose caller has hung up has no answer to log.
  if (hungUp) request.log.info({ method: request.method, url: loggedUrl(request) }, "the caller hung up");
  const error =
    hungUp ?? (isUnavailable(thrown) || isRetryable(thrown) ? unavailable(thrown) : toApiError(thrown, request));
  // Keep the connection. The framework would close it while the caller is still sending; the caller's TCP stack would
  // then discard the answer unread. The rest of the body is read and discarded instead, within the request's time
  // limit.
  if (error.code === "body_too_large" || error.code === "log_too_large") reply.removeHeader("connection");
  if (error.status >= 500) request.log.error({ err: error.cause ?? error, code: error.code }, "request failed");
  noteCode(request, error.code);
  const { status, body } = errorAnswer(error, request);
  reply.status(status).headers(error.headers).send(body);
}
