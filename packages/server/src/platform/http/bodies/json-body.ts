import type { FastifyInstance } from "fastify";
import { ApiError } from "../../errors.ts";
import { parseJson } from "./json-text.ts";

/**
 * Adds the parser of JSON bodies. It refuses invalid UTF-8: JSON is UTF-8 (RFC 8259 section 8.1), and a decoder that
 * replaces wrong bytes would store other text than was sent.
 */
export function addJsonParser(app: FastifyInstance): void {
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (_request, body, done) => {
    let value: unknown;
    try {
      value = parseJson(decode(body));
    } catch (error) {
      return done(error as Error);
    }
    done(null, value);
  });
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decode(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new ApiError("invalid_json", "The body is not valid UTF-8.");
  }
}
