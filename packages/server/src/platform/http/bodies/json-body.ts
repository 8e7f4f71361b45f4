import type { FastifyInstance } from "fastify";
import { ApiError } from "../../errors.ts";
import { parseJson } from "./json-text.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Parses the route's JSON bodies in place of `readJsonBody`. Throws `ApiError`. */
    parseBody?: ((body: Buffer) => unknown) | undefined;
  }
}

/** Adds the parser of JSON bodies. */
export function addJsonParser(app: FastifyInstance): void {
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, body, done) => {
    const { parseBody = readJsonBody } = request.routeOptions.config;
    let value: unknown;
    try {
      value = parseBody(body);
    } catch (error) {
      return done(error as Error);
    }
    done(null, value);
  });
}

/** Parses a body as JSON. Throws `invalid_json`, `invalid_request`. */
export function readJsonBody(body: Buffer): unknown {
  return parseJson(decodeBody(body));
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a body as text. It refuses invalid UTF-8: JSON is UTF-8 (RFC 8259 section 8.1), and a decoder that replaces wrong
 * bytes would store other text than was sent. Throws `invalid_json`.
 */
export function decodeBody(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new ApiError("invalid_json", "The body is not valid UTF-8.");
  }
}
