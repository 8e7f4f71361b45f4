import { type Static, Type } from "typebox";
import { scopes } from "../scopes.ts";
import { endpoint } from "./endpoint.ts";
import { ofOperatorAccount } from "./params.ts";
import { sessionErrors, sessionRoute } from "./people.ts";

/** Why an authorization request goes back to its front end without a code (RFC 6749 section 4.1.2.1). */
export const authorizationFaults = ["invalid_request", "unsupported_response_type", "invalid_scope"] as const;
export type AuthorizationFault = (typeof authorizationFaults)[number];

const Short = { maxLength: 255 };

/**
 * An authorization request (RFC 6749 section 4.1.1, RFC 7636 section 4.3). Parameters that are not known here are ignored. What is wrong
 * with the optional ones is told to the front end, so the form does not check them.
 */
export const AuthorizationRequest = Type.Object(
  {
    client_id: Type.String({ ...Short, description: "The `client_id` of a client of this account." }),
    redirect_uri: Type.String({ maxLength: 1000, description: "One of the client's `callbacks`." }),
    response_type: Type.Optional(Type.String({ ...Short, description: "`code`." })),
    code_challenge: Type.Optional(Type.String({ ...Short, description: "SHA-256 of the verifier, as base64url." })),
    code_challenge_method: Type.Optional(Type.String({ ...Short, description: "`S256`." })),
    scope: Type.Optional(
      Type.String({ maxLength: 1000, description: "Space-separated. Left out: all that the grant gives." }),
    ),
    state: Type.Optional(Type.String({ maxLength: 500, description: "Comes back as it is." })),
  },
  {
    additionalProperties: true,
    examples: [
      {
        client_id: "till-app",
        redirect_uri: "https://app.kiosk.example/back",
        response_type: "code",
        code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        code_challenge_method: "S256",
        state: "af0ifjsldkj",
      },
    ],
  },
);
export type AuthorizationRequest = Static<typeof AuthorizationRequest>;

const Authorization = Type.Object({
  client: Type.Object({ client_id: Type.String(), name: Type.String() }),
  account_name: Type.String(),
  user_name: Type.String(),
  returns_to: Type.String({ description: "The host, or the scheme of an app, to which the person goes back." }),
  scopes: Type.Array(Type.Enum(scopes), {
    description: "What the front end would get: role, grant and request together.",
  }),
  fault: Type.Optional(
    Type.Object(
      { error: Type.Enum(authorizationFaults), description: Type.String() },
      { description: "What is wrong with the request; left out, nothing is." },
    ),
  ),
  refusal_url: Type.String({ description: "Where the person goes who does not want it: back, without a code." }),
});
export type Authorization = Static<typeof Authorization>;

const Authorized = Type.Object({
  redirect_to: Type.String({ description: "The redirect address, with `code`, `state` and `iss` (RFC 9207)." }),
});
export type Authorized = Static<typeof Authorized>;

const path = "/v1/accounts/:oid/auth/authorization";
const errors = [...sessionErrors, "account_not_found"] as const;

/** What the console's page `/authorize/{account}` asks for the person who is signed in. */
export const authorizationEndpoints = {
  get: endpoint({
    ...sessionRoute,
    method: "GET",
    path,
    id: "auth_authorization_get",
    summary: "What a front end asks of the person, by the parameters of its authorization request",
    params: ofOperatorAccount,
    query: AuthorizationRequest,
    answers: { 200: Authorization },
    errors,
  }),
  allow: endpoint({
    ...sessionRoute,
    method: "POST",
    path,
    id: "auth_authorization_post",
    summary: "Let a front end act for the person: the answer has a code for it",
    params: ofOperatorAccount,
    body: AuthorizationRequest,
    answers: { 200: Authorized },
    errors,
  }),
};
