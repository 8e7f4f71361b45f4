import { Type } from "typebox";
import { OperatorAccountId } from "../accounts.ts";
import { Uuid } from "../scalars.ts";
import { readAccounts, writeClients } from "../scopes.ts";
import { ClientGrant, ClientGrantCreate, ClientGrantList, ClientGrantUpdate } from "./clients.ts";
import { endpoint } from "./endpoint.ts";
import { limit, startingAfterUuid } from "./paging.ts";
import { ofOperatorAccount } from "./params.ts";
import type { Resource } from "./resource.ts";

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
    answers: { 204: Type.Null({ description: "It is removed." }) },
    errors: ["scope_not_held", "client_grant_not_found", "last_admin_client"],
  }),
};
