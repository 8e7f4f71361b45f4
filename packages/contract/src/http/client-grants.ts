import { type Static, Type } from "typebox";
import { OperatorAccountId } from "../accounts.ts";
import { Uuid } from "../scalars.ts";
import { readAccounts, writeClients } from "../scopes.ts";
import { entityFields } from "./clients.ts";
import { endpoint } from "./endpoint.ts";
import { limit, nextPage, startingAfterUuid } from "./paging.ts";
import { ofOperatorAccount } from "./params.ts";
import type { Resource } from "./resource.ts";
import { takesBack } from "./sent-back.ts";

/**
 * The scopes of a grant. A client gives and takes away only scopes that its own cover; `admin:{service}` covers every scope of
 * its service. A well-formed scope that this server does not know is kept and shown, as the public reference uses scopes of
 * other parts of the product; it never comes into a token (`scope_without_effect`). The form is that of RFC 6749 section 3.3.
 */
const GrantScope = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: "^[\\x21\\x23-\\x5B\\x5D-\\x7E]+$",
  examples: ["admin:checkout"],
});
const GrantScopes = Type.Array(GrantScope, { minItems: 1, maxItems: 100, uniqueItems: true });

/** The OAuth 2 grant types that a grant may be for. */
const grantTypes = ["client_credentials", "any", "authorization_code", "password"] as const;
export type GrantType = (typeof grantTypes)[number];
/** The type of grants that let people sign in to a front end. */
export const frontEndGrantType = "authorization_code" satisfies GrantType;
/** The types of grants that open an account to client credentials. */
export const usableGrantTypes = ["client_credentials", "any"] as const satisfies readonly GrantType[];

const GrantTypeField = Type.Enum(grantTypes, {
  default: "client_credentials",
  description:
    "The OAuth 2 grant type that it may be used for. With `authorization_code` people of the account sign in to the client at one of its " +
    "`callbacks`, and the grant's scopes are the most that it may do for them; `any` counts for client credentials alone. `password` is " +
    "kept and shown, and opens nothing here.",
});

const Oidc = Type.Object(
  {},
  {
    additionalProperties: true,
    description: "OpenID Connect settings, kept and shown; this server does not use them.",
  },
);

const ClientGrantInput = Type.Object(
  {
    client_id: Type.String({ format: "uuid", description: "The client's `id`." }),
    audience: Type.String({
      maxLength: 255,
      description: "`{server}/v1/accounts/{account_id}`: this account, or an account that this account operates.",
      examples: ["https://api.dintero.com/v1/accounts/P00000000"],
    }),
    scope: GrantScopes,
    type: Type.Optional(GrantTypeField),
    oidc: Type.Optional(Oidc),
  },
  { additionalProperties: false },
);
export type ClientGrantCreate = Static<typeof ClientGrantInput>;

const ClientGrantChange = Type.Object(
  { scope: GrantScopes },
  {
    additionalProperties: false,
    description: "Replaces the scopes. Issued tokens lose removed scopes within 5 s; they never gain scopes.",
  },
);
export type ClientGrantUpdate = Static<typeof ClientGrantChange>;

export const ClientGrant = Type.Object({
  id: Uuid,
  client_id: Type.String({ description: "The client's `id`." }),
  client_account_id: Type.String({
    description:
      "The account that the client belongs to: this account, or its operator, whose grants this account can end.",
  }),
  audience: Type.String(),
  scope: Type.Array(Type.String()),
  scope_without_effect: Type.Optional(
    Type.Array(Type.String(), {
      description:
        "Those of `scope` that this server did not know when they were set. They never come into a token, not even after an " +
        "update of the server that knows them: to give them then, set the scopes again.",
    }),
  ),
  type: Type.Enum(grantTypes),
  oidc: Type.Optional(Oidc),
  ...entityFields,
});
export type ClientGrant = Static<typeof ClientGrant>;

export const ClientGrantCreate = takesBack(ClientGrantInput, ClientGrant);
export const ClientGrantUpdate = takesBack(ClientGrantChange, ClientGrant, { created: ClientGrantInput });

export const ClientGrantList = Type.Object({
  client_grants: Type.Array(ClientGrant),
  starting_after: nextPage,
});
export type ClientGrantList = Static<typeof ClientGrantList>;

const tag = "Clients";
const collection = "/v1/accounts/:oid/auth/client-grants";
const one = `${collection}/:id` as const;
const grant = { path: one, schema: ClientGrant } as const satisfies Resource;
const ofGrant = Type.Object({ oid: OperatorAccountId, id: Uuid });

const GrantListQuery = Type.Object(
  {
    audience: Type.Optional(
      Type.String({ maxLength: 255, description: "An account's audience, in any form that token requests accept." }),
    ),
    client_id: Type.Optional(Type.String({ format: "uuid", description: "The client's `id`." })),
    limit,
    starting_after: startingAfterUuid,
  },
  { additionalProperties: false },
);

export const clientGrantEndpoints = {
  create: endpoint({
    method: "POST",
    path: collection,
    resource: grant,
    scopes: writeClients,
    id: "auth_client_grants_post",
    summary: "Grant a client scopes for this account, or for an account that this account operates",
    tag,
    params: ofOperatorAccount,
    body: ClientGrantCreate,
    answers: { 201: ClientGrant },
    errors: ["invalid_audience", "scope_not_held", "client_id_taken", "client_grant_exists"],
  }),
  list: endpoint({
    method: "GET",
    path: collection,
    scopes: readAccounts,
    id: "auth_client_grants_list",
    summary: "List client grants, newest first",
    tag,
    params: ofOperatorAccount,
    query: GrantListQuery,
    answers: { 200: ClientGrantList },
    errors: ["invalid_audience"],
  }),
  get: endpoint({
    method: "GET",
    path: one,
    resource: grant,
    scopes: readAccounts,
    id: "auth_client_grants_get",
    summary: "Get a client grant",
    tag,
    params: ofGrant,
    answers: { 200: ClientGrant },
    errors: ["client_grant_not_found"],
  }),
  update: endpoint({
    method: "PATCH",
    path: one,
    resource: grant,
    scopes: writeClients,
    id: "auth_client_grants_patch",
    summary: "Change the scopes of a client grant",
    tag,
    params: ofGrant,
    body: ClientGrantUpdate,
    answers: { 200: ClientGrant },
    errors: ["scope_not_held", "not_own_grant", "client_grant_not_found", "last_admin_client"],
  }),
  delete: endpoint({
    method: "DELETE",
    path: one,
    resource: grant,
    scopes: writeClients,
    id: "auth_client_grants_delete",
    summary: "Remove a client grant; its tokens stop working within 5 seconds",
    tag,
    params: ofGrant,
    answers: { 200: ClientGrant },
    errors: ["scope_not_held", "client_grant_not_found", "last_admin_client"],
  }),
};
