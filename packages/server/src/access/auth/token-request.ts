import type { TokenRequest } from "@tillkeeper/contract/http/token";
import type { FastifyRequest } from "fastify";
import { invalidRequest } from "../../platform/errors.ts";
import { formType, mediaType } from "../../platform/http/bodies/body-headers.ts";

/** What a token request asks for. */
export interface AskedToken {
  grantType: string;
  audience: string | undefined;
  /** Addresses that RFC 8707 names in place of an audience. */
  resources: readonly string[];
  /** Undefined: all that the grant gives. */
  scope: string | undefined;
  clientId: string | undefined;
  secret: string | undefined;
  /** Whether the request is form-encoded, as RFC 6749 has it. */
  form: boolean;
}

/**
 * Reads the body of a token request. In a form, a parameter without a value counts as left out, and one that is sent
 * twice is a fault (RFC 6749 section 3.2), but for `resource` (RFC 8707 section 2). In JSON, `scope` counts only if it is
 * text (D36). Throws `invalid_request`.
 */
export function readTokenRequest({ headers }: FastifyRequest, body: TokenRequest): AskedToken {
  const form = mediaType(headers["content-type"]) === formType;
  const { grant_type: grantType, audience, scope, client_id: clientId, client_secret: secret, resource } = body;
  if (!grantType) throw invalidRequest({ path: "/body/grant_type", message: "is required" });
  if (form && Array.isArray(scope)) throw invalidRequest({ path: "/body/scope", message: "must be there once" });
  return {
    grantType,
    audience: audience || undefined,
    resources: form
      ? [resource]
          .flat()
          .filter((one) => typeof one === "string" && one !== "")
          .map(String)
      : [],
    scope: typeof scope === "string" && (scope !== "" || !form) ? scope : undefined,
    clientId: clientId || undefined,
    secret: secret || undefined,
    form,
  };
}
