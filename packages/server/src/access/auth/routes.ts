import { authEndpoints as auth, type TokenRequest } from "@tillkeeper/contract/http/token";
import { scopes as allScopes } from "@tillkeeper/contract/scopes";
import type { Db } from "../../db/db.ts";
import { ApiError } from "../../platform/errors.ts";
import { networkOf } from "../../platform/http/limits/rate-limit.ts";
import { nameClient } from "../../platform/http/request-client.ts";
import { Answer, bind, type Route } from "../../platform/http/route.ts";
import { isValidClientSecret } from "./check-secret.ts";
import { findGrant } from "./clients.ts";
import { readCredentials } from "./credentials.ts";
import type { SigningKeys } from "./keys/signing-keys.ts";
import { type AskedToken, readTokenRequest } from "./token-request.ts";
import { accountOfAudience, invalidAudience, isOnHosts } from "./tokens/audience.ts";
import type { Tokens } from "./tokens/tokens.ts";

export interface AuthRouteDeps {
  db: Db;
  keys: SigningKeys;
  tokens: Tokens;
  acceptedHosts: () => ReadonlySet<string>;
  /** The server's own address, without a slash at the end. */
  ownUrl: () => string;
}

export function authRoutes(deps: AuthRouteDeps): Route[] {
  const { keys, ownUrl } = deps;
  const issuerOf = (accountId: string) => `${ownUrl()}/v1/accounts/${accountId}`;

  return [
    bind(
      auth.getToken,
      ({ params, body, request }) => getToken(deps, { oid: params.oid, body, request, issuer: issuerOf(params.oid) }),
      {
        // A secret with a hash of an earlier version is stored anew when it matches.
        givesPower: "a client's own secret",
      },
    ),
    bind(
      auth.getKeys,
      async () => new Answer(await keys.jwks(), { headers: { "cache-control": "public, max-age=60" } }),
    ),
    ...([auth.getMetadata, auth.getOpenIdConfiguration, auth.getOpenIdConfigurationBefore] as const).map((endpoint) =>
      bind(endpoint, ({ params }) => metadata(issuerOf(params.oid), ownUrl())),
    ),
  ];
}

function metadata(issuer: string, ownUrl: string) {
  return {
    issuer,
    token_endpoint: `${issuer}/auth/token`,
    jwks_uri: `${ownUrl}/.well-known/jwks.json`,
    scopes_supported: allScopes,
    response_types_supported: [],
    grant_types_supported: ["client_credentials"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    service_documentation: `${ownUrl}/docs`,
  };
}

interface TokenCall {
  oid: string;
  body: TokenRequest;
  request: Parameters<typeof readCredentials>[0];
  issuer: string;
}

async function getToken(deps: AuthRouteDeps, { oid, body, request, issuer }: TokenCall) {
  const asked = readTokenRequest(request, body);
  const { clientId, secret } = readCredentials(request, asked);
  // Tokens that were given or refused stand in the request log only. The audit log is for changes: there, each wrong
  // guess of a stranger would cost a transaction on the account's chain.
  nameClient(request, { accountId: oid, clientId });
  if (asked.grantType !== "client_credentials") {
    throw new ApiError("invalid_grant_type", "Only the grant type client_credentials is supported.", {
      errors: [{ path: "/body/grant_type", message: "must be client_credentials" }],
    });
  }
  const shown = { accountId: oid, clientId, secret, from: networkOf(request.ip) };
  if (!(await isValidClientSecret(deps.db, shown))) throw invalidClient();

  const { audience, accountId } = audienceOf(asked, issuer, deps.acceptedHosts());
  const grant = await findGrant(deps.db, shown, accountId);
  if (!grant) throw new ApiError("audience_not_granted", "The client holds no grant for this audience.");
  const wanted = asked.scope?.split(" ").filter((scope) => scope !== "");
  const given = wanted ? grant.scopes.filter((scope) => wanted.includes(scope)) : grant.scopes;
  if (given.length === 0) {
    throw new ApiError("invalid_scope", "The client holds none of these scopes.", {
      errors: [{ path: "/body/scope", message: "names no scope that the client holds" }],
    });
  }
  return {
    access_token: await deps.tokens.sign({ clientId, grantId: grant.id, audience, scopes: given }, issuer),
    token_type: "Bearer" as const,
    expires_in: deps.tokens.lifetimeSeconds,
    scope: given.join(" "),
  };
}

/**
 * The audience that a request names, and its account. A form-encoded request may leave it out, because the account is in
 * the path (D24), or call it `resource` (RFC 8707); a resource that is this API and no account says nothing more. Throws
 * `invalid_audience`.
 */
function audienceOf({ audience, resources, form }: AskedToken, issuer: string, hosts: ReadonlySet<string>) {
  const other = resources.find((resource) => !isOnHosts(resource, hosts));
  const named = resources.find((resource) => accountOfAudience(resource, hosts) !== undefined);
  const meant = audience ?? other ?? named ?? (form ? issuer : undefined);
  const accountId = meant && accountOfAudience(meant, hosts);
  if (meant && accountId) return { audience: meant, accountId };
  throw invalidAudience("`audience` does not name an account of this server.", "/body/audience", hosts);
}

function invalidClient(): ApiError {
  return new ApiError("invalid_client", "Client id, secret or account is wrong.", {
    headers: { "www-authenticate": 'Basic realm="tillkeeper"' },
  });
}
