import { OperatorAccountId } from "@tillkeeper/contract/accounts";
import {
  Client,
  ClientCreate,
  ClientCreated,
  ClientList,
  ClientSecretCreated,
  ClientStatus,
  ClientUpdate,
} from "@tillkeeper/contract/http/clients";
import { ListQuery } from "@tillkeeper/contract/http/paging";
import { readAccounts, writeClients } from "@tillkeeper/contract/scopes";
import { Type } from "typebox";
import { type Route, route } from "../platform/http/route.ts";
import { addClient, type ClientDeps, deleteClient, getClient, getClients, updateClient } from "./clients.ts";
import { addClientSecret, deleteClientSecret } from "./secrets.ts";

const tag = "Clients";
const collection = "/v1/accounts/:oid/auth/clients";
const one = `${collection}/:id`;
const Uuid = Type.String({ format: "uuid" });
const ofAccount = Type.Object({ oid: OperatorAccountId });
const ofClient = Type.Object({ oid: OperatorAccountId, id: Uuid });
const ofSecret = Type.Object({ oid: OperatorAccountId, id: Uuid, secret_id: Uuid });
const gone = { 204: Type.Null({ description: "It is gone." }) };

const ClientListQuery = Type.Object(
  {
    status: Type.Optional(Type.Array(ClientStatus, { description: "Repeat it for several." })),
    search: Type.Optional(
      Type.String({ minLength: 1, maxLength: 255, description: "Part of name, description or client id." }),
    ),
    include_deleted: ListQuery.properties.include_deleted,
    limit: ListQuery.properties.limit,
    starting_after: Type.Optional(Type.String({ format: "uuid", description: "`starting_after` of the page before." })),
  },
  { additionalProperties: false },
);

export function clientRoutes(deps: ClientDeps): Route[] {
  return [...collectionRoutes(deps), ...memberRoutes(deps), ...secretRoutes(deps)];
}

function collectionRoutes(deps: ClientDeps): Route[] {
  return [
    route({
      method: "POST",
      path: collection,
      scopes: writeClients,
      givesPower: true,
      id: "auth_clients_post",
      summary: "Create an API client; its secret is shown this once",
      tag,
      schemas: { params: ofAccount, body: ClientCreate, responses: { 201: ClientCreated } },
      handle: async ({ caller, body }) => ({ status: 201, body: await addClient(deps, caller, body) }),
    }),
    route({
      method: "GET",
      path: collection,
      scopes: readAccounts,
      id: "auth_clients_list",
      summary: "List API clients, newest first",
      tag,
      schemas: { params: ofAccount, query: ClientListQuery, responses: { 200: ClientList } },
      handle: async ({ caller, query }) => ({ status: 200, body: await getClients(deps, caller.accountId, query) }),
    }),
  ];
}

function memberRoutes(deps: ClientDeps): Route[] {
  return [
    route({
      method: "GET",
      path: one,
      scopes: readAccounts,
      id: "auth_clients_get",
      summary: "Get an API client",
      tag,
      schemas: { params: ofClient, responses: { 200: Client } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await getClient(deps, caller.accountId, params.id),
      }),
    }),
    route({
      method: "PUT",
      path: one,
      scopes: writeClients,
      givesPower: true,
      id: "auth_clients_put",
      summary: "Change an API client's name, description and callbacks",
      tag,
      schemas: { params: ofClient, body: ClientUpdate, responses: { 200: Client } },
      handle: async ({ caller, params, body }) => ({
        status: 200,
        body: await updateClient(deps, caller, params.id, body),
      }),
    }),
    route({
      method: "DELETE",
      path: one,
      scopes: writeClients,
      givesPower: true,
      id: "auth_clients_delete",
      summary: "Delete an API client; its tokens stop working within 5 seconds",
      tag,
      schemas: { params: ofClient, responses: gone },
      handle: async ({ caller, params }) => {
        await deleteClient(deps, caller, params.id);
        return { status: 204, body: undefined };
      },
    }),
  ];
}

function secretRoutes(deps: ClientDeps): Route[] {
  return [
    route({
      method: "POST",
      path: `${one}/secrets`,
      scopes: writeClients,
      givesPower: true,
      id: "auth_clients_secrets_post",
      summary: "Get a further secret, shown this once; the others stay valid",
      tag,
      schemas: { params: ofClient, responses: { 201: ClientSecretCreated } },
      handle: async ({ caller, params }) => ({ status: 201, body: await addClientSecret(deps, caller, params.id) }),
    }),
    route({
      method: "DELETE",
      path: `${one}/secrets/:secret_id`,
      scopes: writeClients,
      givesPower: true,
      id: "auth_clients_secrets_delete",
      summary: "Delete a secret; it gets no further token",
      tag,
      schemas: { params: ofSecret, responses: gone },
      handle: async ({ caller, params }) => {
        await deleteClientSecret(deps, caller, { id: params.id, secretId: params.secret_id });
        return { status: 204, body: undefined };
      },
    }),
  ];
}
