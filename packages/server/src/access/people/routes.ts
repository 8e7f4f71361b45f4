import { authorizationEndpoints as authorizations } from "@tillkeeper/contract/http/authorization";
import { oidcEndpoints as oidc } from "@tillkeeper/contract/http/oidc";
import { signInEndpoints as signIns } from "@tillkeeper/contract/http/people";
import { totpEndpoints as totp } from "@tillkeeper/contract/http/totp";
import { userEndpoints as users } from "@tillkeeper/contract/http/users";
import { Answer, bind, type Route } from "../../platform/http/route.ts";
import { allowAuthorization, showAuthorization } from "./authorizations/authorize.ts";
import { requireOwnPage } from "./cookies.ts";
import { redeemLink } from "./links.ts";
import { finishOidc, type OidcDeps, showProviders, startOidc } from "./oidc/flow.ts";
import { endSession, showSession, showSessions, visitorOf } from "./sessions.ts";
import { changePassword, type SignInDeps, signIn } from "./sign-in.ts";
import { confirmTotp, endTotp, showTotp, startTotp } from "./totp.ts";
import { createUserLink, type UserLinkDeps } from "./user-links.ts";
import { createUser, endTotpOfUser, getUser, getUsers, removeUser, updateUser } from "./users.ts";

/** Routes of sign-in, sessions and users. */
export function peopleRoutes(deps: SignInDeps & UserLinkDeps & OidcDeps): Route[] {
  const { cookies } = deps;
  const guard = requireOwnPage;
  const withCookie = (token: string) => new Answer<void>(undefined, { headers: cookies.set(token) });
  return [
    bind(signIns.session, ({ request }) => showSession(deps, request), { guard }),
    bind(signIns.signIn, async ({ body, request }) => withCookie(await signIn(deps, body, visitorOf(request))), {
      guard,
      givesPower: "the person's own password and code",
    }),
    bind(
      signIns.signOut,
      async ({ request }) => {
        await endSession(deps, request);
        return new Answer<void>(undefined, { headers: cookies.clear() });
      },
      { guard },
    ),
    bind(signIns.sessions, ({ request }) => showSessions(deps, request), { guard }),
    bind(signIns.endSession, ({ params, request }) => endSession(deps, request, params.id), { guard }),
    bind(
      signIns.redeemLink,
      async ({ body, request }) => withCookie(await redeemLink(deps, body, visitorOf(request))),
      { guard, givesPower: "the token of a link" },
    ),
    bind(signIns.changePassword, ({ body, request }) => changePassword(deps, request, body), {
      guard,
      givesPower: "the person's own password",
    }),
    ...totpRoutes(deps),
    bind(oidc.providers, () => showProviders(deps)),
    bind(oidc.start, ({ query }) => startOidc(deps, query)),
    bind(oidc.callback, ({ request }) => finishOidc(deps, request), {
      givesPower: "what the provider says of the person",
    }),
    bind(
      authorizations.get,
      ({ params, query, request }) => showAuthorization(deps, { accountId: params.oid, asked: query, request }),
      { guard },
    ),
    bind(
      authorizations.allow,
      ({ params, body, request }) => allowAuthorization(deps, { accountId: params.oid, asked: body, request }),
      { guard },
    ),
    ...userRoutes(deps),
  ];
}

/** Of a person's own authenticator. */
function totpRoutes(deps: SignInDeps): Route[] {
  const guard = requireOwnPage;
  return [
    bind(totp.get, ({ request }) => showTotp(deps, request), { guard }),
    bind(totp.start, ({ body, request }) => startTotp(deps, request, body), {
      guard,
      givesPower: "the person's own password",
    }),
    bind(totp.confirm, ({ body, request }) => confirmTotp(deps, request, body), {
      guard,
      givesPower: "the person's own session, and a code of the secret that was begun by password",
    }),
    bind(totp.end, ({ body, request }) => endTotp(deps, request, body), {
      guard,
      givesPower: "the person's own password and code",
    }),
  ];
}

/** Of the users of an account. */
function userRoutes(deps: SignInDeps & UserLinkDeps): Route[] {
  return [
    bind(users.create, ({ caller, body }) => createUser(deps, caller, body), { givesPower: true }),
    bind(users.list, ({ caller, query }) => getUsers(deps, caller.accountId, query)),
    bind(users.get, ({ caller, params }) => getUser(deps, caller.accountId, params.id)),
    bind(users.update, ({ caller, params, body }) => updateUser(deps, caller, params.id, body), { givesPower: true }),
    bind(users.delete, ({ caller, params }) => removeUser(deps, caller, params.id), { givesPower: true }),
    bind(users.createLink, ({ caller, params, body }) => createUserLink(deps, caller, params.id, body), {
      givesPower: true,
    }),
    bind(users.endTotp, ({ caller, params }) => endTotpOfUser(deps, caller, params.id), { givesPower: true }),
  ];
}
