import type { FastifyRequest } from "fastify";
import { ApiError, invalidRequest } from "../../platform/errors.ts";
import type { AskedToken } from "./token-request.ts";

interface ClientCredentials {
  clientId: string;
  secret: string;
}

const basic = /^Basic +([A-Za-z0-9+/]+={0,2})$/i;

/**
 * Reads client id and secret of a token request: HTTP Basic, or fields of the body (RFC 6749 section 2.3.1). Throws
 * `invalid_client` without either. Throws `invalid_request` for both, because one of them would go unchecked (section
 * 2.3). Standard clients percent-encode both parts of Basic, the documented ones do not; our own ids and secrets have no
 * `%`.
 */
export function readCredentials({ headers }: FastifyRequest, asked: AskedToken): ClientCredentials {
  const header = headers.authorization;
  if (header) refuseSecondMethod(header, asked);
  const encoded = header && basic.exec(header)?.[1];
  if (encoded) {
    const shown = readBasic(encoded);
    if (shown) return shown;
  } else if (!header && asked.clientId && asked.secret) {
    return { clientId: asked.clientId, secret: asked.secret };
  }
  throw new ApiError("invalid_client", "The request carries no client credentials in HTTP Basic form.", {
    headers: { "www-authenticate": 'Basic realm="tillkeeper"' },
  });
}

function readBasic(encoded: string): ClientCredentials | undefined {
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon <= 0) return undefined;
  return { clientId: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)) };
}

/** The body may repeat the client id beside the header. */
function refuseSecondMethod(header: string, { clientId, secret }: AskedToken): void {
  const message = "must not be there beside the header Authorization: a request authenticates its client in one way";
  if (secret) throw invalidRequest({ path: "/body/client_secret", message });
  const encoded = basic.exec(header)?.[1];
  if (clientId && encoded && readBasic(encoded)?.clientId !== clientId) {
    throw invalidRequest({
      path: "/body/client_id",
      message: "must be the client of the header Authorization, or left out",
    });
  }
}

function decode(text: string): string {
  try {
    const decoded = decodeURIComponent(text);
    return decoded.includes("\0") ? "" : decoded;
  } catch {
    // A stray `%`: the text is not percent-encoded after all.
    return text.includes("\0") ? "" : text;
  }
}
