import { OperatorAccountId } from "@tillkeeper/contract/accounts";
import { ClientGrant, ClientGrantCreate, ClientGrantList, ClientGrantUpdate } from "@tillkeeper/contract/http/clients";
import { ListQuery } from "@tillkeeper/contract/http/paging";
import { readAccounts, writeClients } from "@tillkeeper/contract/scopes";
import { Type } from "typebox";
import { type Route, route } from "../platform/http/route.ts";
import { addGrant, deleteGrant, type GrantDeps, getGrant, getGrants, updateGrant } from "./grants.ts";

const tag = "Clients";
const collection = "/v1/accounts/:oid/auth/client-grants";
const one = `${collection}/:id`;
const Uuid = Type.String({ format: "uuid" });
const ofAccount = Type.Object({ oid: OperatorAccountId });
const ofGrant = Type.Object({ oid: OperatorAccountId, id: Uuid });

const GrantListQuery = Type.Object(
  {
    audience: Type.Optional(
      Type.String({ maxLength: 255, description: "In any form that a token request may name it in." }),
    ),
    client_id: Type.Optional(Type.String({ format: "uuid", description: "The client's `id`." })),
    limit: ListQuery.properties.limit,
    starting_after: Type.Optional(Type.String({ format: "uuid", description: "`starting_after` of the page before." })),
  },
  { additionalProperties: false },
);

export function grantRoutes(deps: GrantDeps): Route[] {
  return [
    route({
      method: "POST",
      path: collection,
      scopes: writeClients,
      givesPower: true,
      id: "auth_client_grants_post",
      summary: "Let a client work in this account, or in one that this account is operator of",
      tag,
      schemas: { params: ofAccount, body: ClientGrantCreate, responses: { 201: ClientGrant } },
      handle: async ({ caller, body }) => ({ status: 201, body: await addGrant(deps, caller, body) }),
    }),
    route({
      method: "GET",
      path: collection,
      scopes: readAccounts,
      id: "auth_client_grants_list",
      summary: "List client grants, newest first",
      tag,
      schemas: { params: ofAccount, query: GrantListQuery, responses: { 200: ClientGrantList } },
      handle: async ({ caller, query }) => ({ status: 200, body: await getGrants(deps, caller.accountId, query) }),
    }),
    route({
      method: "GET",
      path: one,
      scopes: readAccounts,
      id: "auth_client_grants_get",
      summary: "Get a client grant",
      tag,
      schemas: { params: ofGrant, responses: { 200: ClientGrant } },
      handle: async ({ caller, params }) => ({ status: 200, body: await getGrant(deps, caller.accountId, params.id) }),
    }),
    ...changingRoutes(deps),
  ];
}

function changingRoutes(deps: GrantDeps): Route[] {
  return [
    route({
      method: "PATCH",
      path: one,
      scopes: writeClients,
      givesPower: true,
      id: "auth_client_grants_patch",
      summary: "Change the scopes of a client grant",
      tag,
      schemas: { params: ofGrant, body: ClientGrantUpdate, responses: { 200: ClientGrant } },
      handle: async ({ caller, params, body }) => ({
        status: 200,
        body: await updateGrant(deps, caller, params.id, body),
      }),
    }),
    route({
      method: "DELETE",
      path: one,
      scopes: writeClients,
      givesPower: true,
      id: "auth_client_grants_delete",
      summary: "Remove a client grant; its tokens stop working within 5 seconds",
      tag,
      schemas: { params: ofGrant, responses: { 204: Type.Null({ description: "It is gone." }) } },
      handle: async ({ caller, params }) => {
        await deleteGrant(deps, caller, params.id);
        return { status: 204, body: undefined };
      },
    }),
  ];
}
