import type { FastifyRequest } from "fastify";
import { ApiError } from "../errors.ts";
import { isUuid } from "../formats.ts";

/** The refusal of a request whose key came with another one before. */
export function keyReused(): ApiError {
  return new ApiError("idempotency_key_reused", "This Idempotency-Key came with another request before.", {
    errors: [{ path: "/headers/idempotency-key", message: "belongs to another request" }],
  });
}

/** The idempotency key of a request, in lower case; null without one. Throws `invalid_idempotency_key`. */
export function readIdempotencyKey(request: FastifyRequest): string | null {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return null;
  if (typeof key === "string" && isUuid(key)) return key.toLowerCase();
  throw new ApiError("invalid_idempotency_key", "Idempotency-Key must be one UUID.", {
    errors: [{ path: "/headers/idempotency-key", message: "must be a UUID" }],
  });
}
