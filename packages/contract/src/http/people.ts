import { type Static, Type } from "typebox";
import { AccountId } from "../accounts.ts";
import { Name } from "../names.ts";
import { roles } from "../roles.ts";
import { Time, Uuid } from "../scalars.ts";
import { scopes } from "../scopes.ts";
import { endpoint } from "./endpoint.ts";

export const emailPattern = "^[^\\s@\\p{Cc}]{1,64}@[^\\s@.\\p{Cc}]+(?:\\.[^\\s@.\\p{Cc}]+)+$";
/** An e-mail address. Its case is kept and means nothing. */
export const EmailAddress = Type.String({
  pattern: emailPattern,
  maxLength: 254,
  description: "Upper and lower case are the same.",
  examples: ["kari@kiosk.example"],
});

export const passwordCharactersMin = 10;
export const passwordCharactersMax = 200;
const Password = Type.String({ minLength: passwordCharactersMin, maxLength: passwordCharactersMax });
/** A password that is only compared: it may be shorter than a new one must be. */
export const GivenPassword = Type.String({ minLength: 1, maxLength: passwordCharactersMax });
export const SecondFactorCode = Type.String({
  minLength: 1,
  maxLength: 40,
  description:
    "A code of the person's authenticator, or a recovery code. Each works once; spaces and hyphens mean nothing.",
});

export const Role = Type.Enum(roles);
export const UserLanguage = Type.Enum(["en", "nb", "sv", "da"] as const);

const sessionStore = Type.Object({
  id: Type.String({ description: "The generated id." }),
  store_id: Type.String(),
  name: Type.Union([Type.String(), Type.Null()]),
});

/** Who is signed in, and where that person has a role. */
export const Session = Type.Object(
  {
    user: Type.Object({
      id: Uuid,
      name: Type.String(),
      email: EmailAddress,
      language: Type.Union([UserLanguage, Type.Null()]),
    }),
    accounts: Type.Array(
      Type.Object({
        account_id: AccountId,
        name: Type.String(),
        user_id: Type.String({
          format: "uuid",
          description: "Names the person as a user of this account: `created_by`.",
        }),
        role: Role,
        stores: Type.Optional(
          Type.Array(sessionStore, { description: "Of the role `store` only: the stores that it sees." }),
        ),
        scopes: Type.Array(Type.Enum(scopes)),
      }),
    ),
  },
  {
    examples: [
      {
        user: {
          id: "019539a7-3f00-7000-8000-000000000001",
          name: "Kari Nordmann",
          email: "kari@kiosk.example",
          language: "nb",
        },
        accounts: [
          {
            account_id: "T12345678",
            name: "Kiosk AS",
            user_id: "019539a7-3f00-7000-8000-000000000002",
            role: "admin",
            scopes: ["admin:accounts", "admin:checkout", "admin:hooks"],
          },
        ],
      },
    ],
  },
);
export type Session = Static<typeof Session>;

export const SignIn = Type.Object(
  { email: EmailAddress, password: GivenPassword, code: Type.Optional(SecondFactorCode) },
  {
    additionalProperties: false,
    description: "`code` is for persons who have an authenticator: without it they get `code_required`.",
    examples: [{ email: "kari@kiosk.example", password: "five small blue boats" }],
  },
);
export type SignIn = Static<typeof SignIn>;

export const SignInLink = Type.Object(
  {
    token: Type.String({ minLength: 1, maxLength: 100, description: "What stands behind `#` in the link." }),
    name: Type.Optional(Name),
    password: Type.Optional(GivenPassword),
    code: Type.Optional(SecondFactorCode),
  },
  {
    additionalProperties: false,
    description:
      "An invitation takes `password`: the new one, with `name`; or, of a person who has one already, that one. A reset takes the new `password`. " +
      "A link that signs in once takes neither. A person who has an authenticator adds a `code`, whatever the link is for.",
  },
);
export type SignInLink = Static<typeof SignInLink>;

export const PasswordChange = Type.Object(
  { current: GivenPassword, new: Password },
  { additionalProperties: false, description: "All other sessions of the person end." },
);
export type PasswordChange = Static<typeof PasswordChange>;

/** A session of the person who asks. */
export const SignedIn = Type.Object({
  id: Uuid,
  current: Type.Boolean({ description: "Whether it is the session of this request." }),
  created_at: Time,
  last_seen_at: Time,
  expires_at: Type.String({
    format: "date-time",
    description: "It ends then at the latest, or 12 hours after its last request.",
  }),
  address: Type.String({ description: "The network address that signed in." }),
  user_agent: Type.String({ description: "What the browser calls itself." }),
});
export type SignedIn = Static<typeof SignedIn>;

export const SignedInList = Type.Object({ sessions: Type.Array(SignedIn) });
export type SignedInList = Static<typeof SignedInList>;

const tag = "Sign-in";
const outsideSdk = "for browsers: a session is a cookie, a program has tokens";
/** What the rows of sign-in have in common. */
export const openRoute = { scopes: "public", tag, limited: "per address", outsideSdk } as const;
/** What the rows of a person who is signed in have in common. */
export const sessionRoute = { ...openRoute, credentials: ["session"] } as const;
export const pageErrors = ["cross_origin_refused", "secure_page_required"] as const;
export const sessionErrors = ["missing_session", ...pageErrors] as const;
const nothing = Type.Null();

/** What a person who signs in uses. */
export const signInEndpoints = {
  session: endpoint({
    ...sessionRoute,
    method: "GET",
    path: "/v1/session",
    id: "session_get",
    summary: "Who is signed in, and in which accounts with which role",
    answers: { 200: Session },
    errors: sessionErrors,
  }),
  signIn: endpoint({
    ...openRoute,
    method: "POST",
    path: "/v1/auth/sign-in",
    id: "auth_sign_in_post",
    summary: "Sign in with e-mail address and password; the answer sets the cookie of a new session",
    body: SignIn,
    answers: { 204: nothing },
    errors: ["sign_in_refused", "code_required", "code_refused", "sign_in_locked", ...pageErrors],
  }),
  signOut: endpoint({
    ...sessionRoute,
    method: "POST",
    path: "/v1/auth/sign-out",
    id: "auth_sign_out_post",
    summary: "End the session of this request",
    answers: { 204: nothing },
    errors: sessionErrors,
  }),
  sessions: endpoint({
    ...sessionRoute,
    method: "GET",
    path: "/v1/auth/sessions",
    id: "auth_sessions_get",
    summary: "The person's sessions, newest first",
    answers: { 200: SignedInList },
    errors: sessionErrors,
  }),
  endSession: endpoint({
    ...sessionRoute,
    method: "DELETE",
    path: "/v1/auth/sessions/:id",
    id: "auth_sessions_id_delete",
    summary: "End one of the person's sessions, at once",
    params: Type.Object({ id: Uuid }),
    answers: { 204: nothing },
    errors: [...sessionErrors, "session_not_found"],
  }),
  redeemLink: endpoint({
    ...openRoute,
    method: "POST",
    path: "/v1/auth/links",
    id: "auth_links_post",
    summary: "Use a link: accept an invitation, set a new password, or sign in once; the answer sets a cookie",
    body: SignInLink,
    answers: { 204: nothing },
    errors: [
      "sign_in_link_not_found",
      "sign_in_refused",
      "code_required",
      "code_refused",
      "sign_in_locked",
      ...pageErrors,
    ],
  }),
  changePassword: endpoint({
    ...sessionRoute,
    method: "POST",
    path: "/v1/auth/password",
    id: "auth_password_post",
    summary: "Set another password; the person's other sessions end",
    body: PasswordChange,
    answers: { 204: nothing },
    errors: [...sessionErrors, "sign_in_refused", "sign_in_locked"],
  }),
};
