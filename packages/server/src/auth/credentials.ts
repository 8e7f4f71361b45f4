import type { TokenRequest } from "@tillkeeper/contract/http/token";
import type { FastifyRequest } from "fastify";
import { ApiError } from "../platform/errors.ts";

interface ClientCredentials {
  clientId: string;
  secret: string;
  /** The request came form-encoded, as RFC 6749 has it. */
  form: boolean;
}

const basic = /^Basic +([A-Za-z0-9+/]+={0,2})$/i;

/**
 * Client id and secret of a token request: HTTP Basic, or in the body of a form-encoded one (RFC 6749 section 2.3.1).
 * Standard clients percent-encode both parts of Basic, the documented ones do not; our own ids and secrets have no `%`.
 */
export function readCredentials(request: FastifyRequest, body: TokenRequest): ClientCredentials {
  const form = (request.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded");
  const header = request.headers.authorization;
  const encoded = header && basic.exec(header)?.[1];
  if (encoded) {
    const text = Buffer.from(encoded, "base64").toString("utf8");
    const colon = text.indexOf(":");
    if (colon > 0) {
      return { clientId: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)), form };
    }
  } else if (form && !header && body.client_id && body.client_secret) {
    return { clientId: body.client_id, secret: body.client_secret, form };
  }
  throw new ApiError("invalid_client", "The request carries no client credentials in HTTP Basic form.", {
    headers: { "www-authenticate": 'Basic realm="tillkeeper"' },
  });
}

function decode(text: string): string {
  try {
    const decoded = decodeURIComponent(text);
    return decoded.includes("\0") ? "" : decoded;
  } catch {
    // A stray `%`: not percent-encoded after all.
    return text.includes("\0") ? "" : text;
  }
}
