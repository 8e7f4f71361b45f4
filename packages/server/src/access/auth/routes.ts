import { authEndpoints as auth, type TokenRequest, type TokenResponse } from "@tillkeeper/contract/http/token";
import { scopes as allScopes } from "@tillkeeper/contract/scopes";
import type { Db } from "../../db/db.ts";
import { ApiError, invalidRequest } from "../../platform/errors.ts";
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
  /** The tokens of people who sign in to a front end. */
  people: PersonTokens;
}

/** Exchanges codes for tokens of people, and ends such tokens. */
export interface PersonTokens {
  /** Throws `invalid_grant`. */
  redeem(shown: {
    accountId: string;
    clientId: string;
    code: string;
    redirectUri: string;
    verifier: string;
    from: string;
  }): Promise<TokenResponse>;
  /** Does nothing for what is no such token. */
  end(token: string, from: string): Promise<void>;
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
        givesPower: "a client's own secret, or the code of a person and its verifier",
      },
    ),
    bind(auth.revokeToken, async ({ body, request }) => {
      await deps.people.end(body.token, networkOf(request.ip));
      return {};
    }),
    bind(
      auth.getKeys,
      async () => new Answer(await keys.jwks(), { headers: { "cache-control": "public, max-age=60" } }),
    ),
    ...([auth.getMetadata, auth.getOpenIdConfiguration, auth.getOpenIdConfigurationBefore] as const).map((endpoint) =>
      bind(endpoint, ({ params }) => metadata(issuerOf(params.oid), ownUrl())),
    ),
  ];
}

/** The accounts whose people use the console, and its page that asks them. */
const merchantId = /^[PT]\d{8}$/;

function metadata(issuer: string, ownUrl: string) {
  const accountId = issuer.slice(issuer.lastIndexOf("/") + 1);
  return {
    issuer,
    // People sign in to accounts of merchants.
    ...(merchantId.test(accountId) && { authorization_endpoint: `${ownUrl}/authorize/${accountId}` }),
    token_endpoint: `${issuer}/auth/token`,
    jwks_uri: `${ownUrl}/.well-known/jwks.json`,
    scopes_supported: allScopes,
    revocation_endpoint: `${issuer}/auth/revoke`,
    revocation_endpoint_auth_methods_supported: ["none"],
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    grant_types_supported: ["client_credentials", "authorization_code"],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
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
  if (asked.grantType === "authorization_code") return getPersonToken(deps, { oid, asked, body, request });
  const { clientId, secret } = readCredentials(request, asked);
  // Tokens that were given or refused stand in the request log only. The audit log is for changes: there, each wrong
  // guess of a stranger would cost a transaction on the account's chain.
  nameClient(request, { accountId: oid, clientId });
  if (asked.grantType !== "client_credentials") {
    throw new ApiError("invalid_grant_type", "This grant type is not supported.", {
      errors: [{ path: "/body/grant_type", message: "must be client_credentials or authorization_code" }],
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

type PersonTokenCall = Pick<TokenCall, "oid" | "body" | "request"> & { asked: AskedToken };

/**
 * The token of a person, for the code with which the person came back. A client is known by its id here: its proof is the verifier. One
 * that shows a secret all the same must show a right one.
 */
async function getPersonToken(
  deps: AuthRouteDeps,
  { oid, asked, body, request }: PersonTokenCall,
): Promise<TokenResponse> {
  const from = networkOf(request.ip);
  const showsSecret = request.headers.authorization !== undefined || asked.secret !== undefined;
  const { clientId, secret } = showsSecret
    ? readCredentials(request, asked)
    : { clientId: asked.clientId, secret: undefined };
  if (clientId === undefined) throw invalidRequest({ path: "/body/client_id", message: "is required" });
  nameClient(request, { accountId: oid, clientId });
  if (secret !== undefined && !(await isValidClientSecret(deps.db, { accountId: oid, clientId, secret, from })))
    throw invalidClient();
  const { code, redirect_uri: redirectUri, code_verifier: verifier } = body;
  if (!code) throw invalidRequest({ path: "/body/code", message: "is required" });
  if (!redirectUri) throw invalidRequest({ path: "/body/redirect_uri", message: "is required" });
  if (!verifier) throw invalidRequest({ path: "/body/code_verifier", message: "is required" });
  return deps.people.redeem({ accountId: oid, clientId, code, redirectUri, verifier, from });
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
