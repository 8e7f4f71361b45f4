import { type Static, Type } from "typebox";
import { endpoint } from "./endpoint.ts";
import { openRoute } from "./people.ts";

/** Why signing in at a provider came to nothing: `failed` in the address of the sign-in page. */
export const oidcFailures = ["unavailable", "refused", "expired", "email_unverified", "not_invited"] as const;
export type OidcFailure = (typeof oidcFailures)[number];

const SignInProviders = Type.Object(
  {
    providers: Type.Array(
      Type.Object({
        name: Type.String({ description: "What people call it." }),
        start: Type.String({ description: "The path that signs in there. Add `?to=` with the path to go on to." }),
      }),
    ),
  },
  { examples: [{ providers: [{ name: "Kiosk AS", start: "/v1/auth/oidc/start" }] }] },
);
export type SignInProviders = Static<typeof SignInProviders>;

/** A path of this server alone. Browsers read `//host` and `/\host` as addresses of others, and leave out tabs and ends of lines. */
export const ownPathPattern = "^/(?![/\\\\])[^\\\\\\s\\p{Cc}]*$";

const StartQuery = Type.Object(
  {
    to: Type.Optional(
      Type.String({
        pattern: ownPathPattern,
        maxLength: 1500,
        description: "The path to go on to, of this server; `/` by default.",
      }),
    ),
  },
  { additionalProperties: false },
);

/** Providers add parameters of their own. */
const CallbackQuery = Type.Object({
  code: Type.Optional(Type.String()),
  state: Type.Optional(Type.String()),
  iss: Type.Optional(Type.String()),
  error: Type.Optional(Type.String()),
});

const errors = ["sign_in_provider_not_found"] as const;
const moved = Type.Null();

/** Signing in at a provider of OpenID Connect. */
export const oidcEndpoints = {
  providers: endpoint({
    ...openRoute,
    method: "GET",
    path: "/v1/auth/providers",
    id: "auth_providers_get",
    summary: "Where people can sign in beside e-mail address and password",
    answers: { 200: SignInProviders },
  }),
  start: endpoint({
    ...openRoute,
    method: "GET",
    path: "/v1/auth/oidc/start",
    id: "auth_oidc_start_get",
    summary: "Go to the provider to sign in; for a browser, as a page",
    query: StartQuery,
    answers: { 302: moved },
    headers: ["location"],
    errors,
  }),
  callback: endpoint({
    ...openRoute,
    method: "GET",
    path: "/v1/auth/oidc/callback",
    id: "auth_oidc_callback_get",
    summary:
      "Where the provider sends the browser back: the answer sets the cookie of a new session and goes on, or says in `failed` of the sign-in page why not",
    query: CallbackQuery,
    answers: { 302: moved },
    headers: ["location"],
    errors,
  }),
};
