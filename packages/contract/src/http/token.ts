import { type Static, Type } from "typebox";
import { endpoint } from "./endpoint.ts";
import { ofOperatorAccount } from "./params.ts";

/** A token request, in the documented JSON form or in the form encoding of RFC 6749 section 4.4. */
export const TokenRequest = Type.Object(
  {
    grant_type: Type.String({ description: "`client_credentials`." }),
    audience: Type.Optional(
      Type.String({ maxLength: 255, description: "`{server}/v1/accounts/{account_id}`; required in JSON." }),
    ),
    scope: Type.Optional(
      Type.String({
        maxLength: 1000,
        description: "Space-separated; narrows what the grant gives. Default: all of it.",
      }),
    ),
    client_id: Type.Optional(Type.String({ maxLength: 255, description: "Form encoding only, in place of Basic." })),
    client_secret: Type.Optional(
      Type.String({ maxLength: 255, description: "Form encoding only, in place of Basic." }),
    ),
  },
  {
    additionalProperties: false,
    examples: [{ grant_type: "client_credentials", audience: "https://api.dintero.com/v1/accounts/T12345678" }],
  },
);
export type TokenRequest = Static<typeof TokenRequest>;

export const TokenResponse = Type.Object(
  {
    access_token: Type.String({ description: "A signed JWT (EdDSA)." }),
    token_type: Type.Literal("Bearer"),
    expires_in: Type.Integer({ description: "Seconds." }),
    scope: Type.String({ description: "Space-separated scopes that the token holds." }),
  },
  {
    examples: [
      {
        access_token: "eyJhbGciOiJFZERTQSJ9.e30.c2ln",
        token_type: "Bearer",
        expires_in: 14400,
        scope: "admin:accounts admin:checkout",
      },
    ],
  },
);
export type TokenResponse = Static<typeof TokenResponse>;

const anything = Type.Object({}, { additionalProperties: true });
const tag = "Authenticate";

export const authEndpoints = {
  getToken: endpoint({
    method: "POST",
    path: "/v1/accounts/:oid/auth/token",
    scopes: "public",
    credentials: ["client"],
    id: "get_token",
    summary: "Get an access token for client credentials",
    tag,
    params: ofOperatorAccount,
    body: TokenRequest,
    answers: { 200: TokenResponse },
    limited: "per address",
    form: true,
    outsideSdk: "the SDK gets its tokens by itself",
    errors: ["invalid_grant_type", "invalid_scope", "invalid_audience", "invalid_client", "audience_not_granted"],
  }),
  getKeys: endpoint({
    method: "GET",
    path: "/.well-known/jwks.json",
    scopes: "public",
    id: "get_jwks",
    summary: "The public keys that tokens are signed with (RFC 7517)",
    tag,
    answers: { 200: Type.Object({ keys: Type.Array(anything) }) },
    outsideSdk: "the SDK gets its tokens by itself",
  }),
  getMetadata: endpoint({
    method: "GET",
    path: "/.well-known/oauth-authorization-server/v1/accounts/:oid",
    scopes: "public",
    id: "get_oauth_metadata",
    summary: "Discovery (RFC 8414) for an account as the issuer of tokens",
    tag,
    params: ofOperatorAccount,
    answers: { 200: anything },
    outsideSdk: "the SDK gets its tokens by itself",
  }),
};
