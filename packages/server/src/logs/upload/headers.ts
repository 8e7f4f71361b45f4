import type { IncomingHttpHeaders } from "node:http";
import { gzipType } from "@tillkeeper/contract/http/logs";
import { limits } from "@tillkeeper/contract/limits";
import { ApiError } from "../../platform/errors.ts";
import { tooLarge } from "./bundle.ts";

/** One member of a dictionary (RFC 8941, RFC 9530): the base64 of 32 bytes between colons, perhaps with parameters. */
const sha256Member = /(?:^|,)[ \t]*sha-256=:([A-Za-z0-9+/]{43}=):[ \t]*(?:;[^,]*)?(?=,|$)/;

/**
 * Reads an upload's headers: whether the body is gzipped, and its digest. Throws for what can be refused before the
 * body is read.
 */
export function readUploadHeaders(headers: IncomingHttpHeaders): { gzip: boolean; digest: Buffer } {
  if (Number(headers["content-length"] ?? 0) > limits.logUploadBytes) throw tooLarge("as sent", limits.logUploadBytes);
  const text = [headers["content-digest"] ?? ""].flat().join(",");
  const digest = sha256Member.exec(text)?.[1];
  if (digest === undefined) {
    throw new ApiError("invalid_digest", "The request names no SHA-256 of its body.", {
      errors: [{ path: "/headers/content-digest", message: "must hold sha-256=:<base64 of 32 bytes>:" }],
    });
  }
  const packed = headers["content-type"]?.split(";")[0]?.trim().toLowerCase() === gzipType;
  const encoded = headers["content-encoding"]?.includes("gzip") ?? false;
  if (packed && encoded) {
    const cure = "A log of the type application/gzip must not be packed again: leave Content-Encoding out.";
    throw new ApiError("unsupported_media_type", cure, { headers: { "accept-encoding": "identity" } });
  }
  return { gzip: packed || encoded, digest: Buffer.from(digest, "base64") };
}

/** `Content-Digest` of a file whose SHA-256 is known in hexadecimal digits. */
export function digestHeader(sha256: string): string {
  return `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:`;
}
