import type { IncomingMessage } from "node:http";
import type { FastifyRequest } from "fastify";
import { ApiError } from "../../errors.ts";

const brokenOff = "ERR_STREAM_PREMATURE_CLOSE";

/**
 * The error of a caller that hung up before its body ended; undefined for all others. Its codes are also those of a
 * broken database connection, so the request's own state decides.
 */
export function hangUpError(thrown: unknown, request: IncomingMessage): ApiError | undefined {
  if (!request.destroyed || request.complete) return undefined;
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (error === request.errored || (error as NodeJS.ErrnoException).code === brokenOff) {
      return new ApiError("invalid_request", "The connection ended before the body did.", { cause: thrown });
    }
  }
  return undefined;
}

/** A signal that aborts when the caller's connection ends, or at once if it has. Call `forget` once the request no longer waits. */
export function whenHungUp({ raw: { socket } }: FastifyRequest): { signal: AbortSignal; forget: () => void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  if (socket.destroyed) abort();
  socket.once("close", abort);
  return { signal: controller.signal, forget: () => void socket.removeListener("close", abort) };
}
