import type { IncomingMessage } from "node:http";
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
