import type { FastifyInstance } from "fastify";
import { ApiError } from "../../errors.ts";

/** JSON is UTF-8 (RFC 8259 section 8.1): a decoder that replaces wrong bytes would store other text than was sent. */
export function addJsonParser(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, body, done) => {
    let text: string;
    try {
      text = utf8.decode(body);
    } catch {
      return done(new ApiError("invalid_json", "The body is not valid UTF-8."));
    }
    void parse(request, text, done);
  });
}
