import type { TokenRequest } from "@tillkeeper/contract/http/token";
import type { FastifyRequest } from "fastify";
import { ApiError, invalidRequest } from "../../platform/errors.ts";

interface ClientCredentials {
  clientId: string;
  secret: string;
  /** Whether the request is form-encoded, as RFC 6749 has it. */
  form: boolean;
}

const basic = /^Basic +([A-Za-z0-9+/]+={0,2})$/i;

/**
 * Reads client id and secret of a token request: HTTP Basic, or the body of a form-encoded request (RFC 6749 section
 * 2.3.1). Throws `invalid_client` without either. Throws `invalid_request` for both, because one of them would go
 * unchecked (section 2.3). Standard clients percent-encode both parts of Basic, the documented ones do not; our own ids
 * and secrets have no `%`.
 */
export function readCredentials(request: FastifyRequest, body: TokenRequest): ClientCredentials {
  const form = (request.headers["content-type"] ?? "").toLowerCase().startsWith("application/x-www-form-urlencoded");
  const header = request.headers.authorization;
  if (form && header) refuseSecondMethod(header, body);
  const encoded = header && basic.exec(header)?.[1];
  if (encoded) {
    const shown = readBasic(encoded);
    if (shown) return { ...shown, form };
  } else if (form && !header && body.client_id && body.client_secret) {
    return { clientId: body.client_id, secret: body.client_secret, form };
  }
  throw new ApiError("invalid_client", "The request carries no client credentials in HTTP Basic form.", {
    headers: { "www-authenticate": 'Basic realm="tillkeeper"' },
  });
}

function readBasic(encoded: string): { clientId: string; secret: string } | undefined {
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon <= 0) return undefined;
  return { clientId: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)) };
}

/** A form may repeat the client id beside the header. A parameter without a value counts as left out. */
function refuseSecondMethod(header: string, { client_id: clientId, client_secret: secret }: TokenRequest): void {
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
