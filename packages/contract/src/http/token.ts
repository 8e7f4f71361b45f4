import { type Static, Type } from "typebox";
import { endpoint } from "./endpoint.ts";
import { ofOperatorAccount } from "./params.ts";

const Known = { maxLength: 255 };

/**
 * A token request, in the documented JSON form or in the form encoding of RFC 6749 section 4.4. Fields that are not
 * known here are ignored (D36; RFC 6749 section 3.2). So is a JSON `scope` that is no text: public clients of the
 * documented API send lists with scopes of other services.
 */
export const TokenRequest = Type.Object(
  {
    grant_type: Type.Optional(Type.String({ description: "`client_credentials`, or `authorization_code`; required." })),
    audience: Type.Optional(
      Type.String({ ...Known, description: "`{server}/v1/accounts/{account_id}`; required in JSON." }),
    ),
    scope: Type.Optional(
      Type.Unknown({
        description:
          "Space-separated; narrows what the grant gives. Default: all of it. In JSON it counts only if it is text.",
      }),
    ),
    client_id: Type.Optional(Type.String({ ...Known, description: "In place of Basic." })),
    client_secret: Type.Optional(Type.String({ ...Known, description: "In place of Basic." })),
    code: Type.Optional(
      Type.String({ ...Known, description: "Of `authorization_code`: what the person came back with." }),
    ),
    redirect_uri: Type.Optional(
      Type.String({ maxLength: 2000, description: "Of `authorization_code`: that of the authorization request." }),
    ),
    code_verifier: Type.Optional(Type.String({ ...Known, description: "Of `authorization_code`: RFC 7636." })),
    resource: Type.Optional(
      Type.Unknown({
        description: "Form encoding only (RFC 8707): an audience by its other name; of this server, or refused.",
      }),
    ),
  },
  {
    additionalProperties: true,
    examples: [{ grant_type: "client_credentials", audience: "https://api.dintero.com/v1/accounts/T12345678" }],
  },
);
export type TokenRequest = Static<typeof TokenRequest>;

export const TokenResponse = Type.Object(
  {
    access_token: Type.String({
      description: "For client credentials a signed JWT (EdDSA); for a person an opaque text.",
    }),
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

/** The codes of RFC 6749 section 5.2 and RFC 8707 section 2, and two for what passes by itself. */
const oauthCodes = [
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
  "invalid_target",
  "temporarily_unavailable",
  "server_error",
] as const;
export type OAuthCode = (typeof oauthCodes)[number];

/** The error that a form-encoded token request is answered with (RFC 6749 section 5.2). */
export const OAuthError = Type.Object({
  error: Type.Unsafe<OAuthCode>({ type: "string", enum: [...oauthCodes] }),
  error_description: Type.String(),
});

export const TokenRevocation = Type.Object(
  {
    token: Type.String({ minLength: 1, maxLength: 4000 }),
    token_type_hint: Type.Optional(Type.String(Known)),
    client_id: Type.Optional(Type.String(Known)),
  },
  { additionalProperties: true, examples: [{ token: "3q2-7w4sJYl0fZp1cGxhY2Vob2xkZXItdG9rZW4tMDE" }] },
);

const anything = Type.Object({}, { additionalProperties: true });
const tag = "Authenticate";

const discovery = {
  method: "GET",
  scopes: "public",
  tag,
  params: ofOperatorAccount,
  answers: { 200: anything },
  forPages: true,
  outsideSdk: "the SDK gets its tokens by itself",
} as const;

export const authEndpoints = {
  getToken: endpoint({
    method: "POST",
    path: "/v1/accounts/:oid/auth/token",
    scopes: "public",
    credentials: ["client"],
    id: "get_token",
    summary: "Get an access token, for client credentials or for the code of a person",
    tag,
    params: ofOperatorAccount,
    body: TokenRequest,
    answers: { 200: TokenResponse },
    limited: "per address",
    form: true,
    oauthErrors: true,
    forPages: true,
    outsideSdk: "the SDK gets its tokens by itself",
    errors: [
      "invalid_grant_type",
      "invalid_grant",
      "invalid_scope",
      "invalid_audience",
      "invalid_client",
      "audience_not_granted",
    ],
  }),
  revokeToken: endpoint({
    method: "POST",
    path: "/v1/accounts/:oid/auth/revoke",
    scopes: "public",
    id: "revoke_token",
    summary: "End a person's token (RFC 7009); the answer is the same for one that is not known",
    tag,
    params: ofOperatorAccount,
    body: TokenRevocation,
    answers: { 200: Type.Object({}) },
    limited: "per address",
    form: true,
    oauthErrors: true,
    forPages: true,
    outsideSdk: "for front ends that people sign in to",
  }),
  getKeys: endpoint({
    method: "GET",
    path: "/.well-known/jwks.json",
    scopes: "public",
    id: "get_jwks",
    summary: "The public keys that tokens are signed with (RFC 7517)",
    tag,
    answers: { 200: Type.Object({ keys: Type.Array(anything) }) },
    forPages: true,
    outsideSdk: "the SDK gets its tokens by itself",
  }),
  getMetadata: endpoint({
    ...discovery,
    path: "/.well-known/oauth-authorization-server/v1/accounts/:oid",
    id: "get_oauth_metadata",
    summary: "Discovery (RFC 8414) for an account as the issuer of tokens",
  }),
  getOpenIdConfiguration: endpoint({
    ...discovery,
    path: "/v1/accounts/:oid/.well-known/openid-configuration",
    id: "get_openid_configuration",
    summary: "The same discovery where OpenID Connect Discovery looks for it: behind the issuer",
  }),
  getOpenIdConfigurationBefore: endpoint({
    ...discovery,
    path: "/.well-known/openid-configuration/v1/accounts/:oid",
    id: "get_openid_configuration_before",
    summary: "The same discovery where RFC 8414 puts the other well-known name: before the issuer's path",
  }),
};
