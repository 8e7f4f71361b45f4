import type { IncomingMessage } from "node:http";
import { ApiError } from "../../errors.ts";

const brokenOff = "ERR_STREAM_PREMATURE_CLOSE";

/**
 * The error of a caller that hung up before its body ended; undefined for all others. Its codes are those of a database
 * whose connection breaks, and only the request itself tells them apart.
 */
export function hangUp(thrown: unknown, request: IncomingMessage): ApiError | undefined {
  if (!request.destroyed || request.complete) return undefined;
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (error === request.errored || (error as NodeJS.ErrnoException).code === brokenOff) {
      return new ApiError("invalid_request", "The connection ended before the body did.", { cause: thrown });
    }
  }
  return undefined;
}
