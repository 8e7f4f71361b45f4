import { type Static, Type } from "typebox";
import { OperatorAccountId } from "../accounts.ts";
import { nameOf } from "../names.ts";
import { Time, Uuid } from "../scalars.ts";
import { readAccounts, type Scope, scopes, writeClients } from "../scopes.ts";
import { endpoint } from "./endpoint.ts";
import { ListQuery, limit, nextPage, startingAfterUuid } from "./paging.ts";
import { ofOperatorAccount } from "./params.ts";
import type { Resource } from "./resource.ts";
import { takesBack } from "./sent-back.ts";

/**
 * API clients and their grants, as the public reference lists them. Where it is silent these rules hold. Writing takes
 * `admin:accounts`, reading `read:accounts` as well. Clients are ACTIVE or DELETED. A deleted client is still shown by its
 * id, and its `client_id` is never used again. A client holds at most one grant per account.
 */
export const clientStatuses = ["ACTIVE", "DELETED"] as const;
export const ClientStatus = Type.Enum(clientStatuses);
export type ClientStatus = (typeof clientStatuses)[number];

/** Valid secrets of a client: several, so that a secret can be replaced without an outage; few, so that a forgotten one shows. */
export const clientSecretsMax = 5;

/**
 * The form of a `client_id`. It is the `sub` of the client's tokens and the `created_by` of its records. So it is unique
 * within its account, and differs from the names of the server (`system`), a pairing device (`device`) and terminals there.
 */
export const clientIdPattern = "^(?!system$|device$|[PT]\\d{8}-T\\d{4,9}$)[\\w.@-]{1,64}$";

const changeable = {
  name: Type.Optional(nameOf({ maxLength: 255, examples: ["Back office"] })),
  description: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
  callbacks: Type.Optional(
    Type.Array(Type.String({ format: "uri", maxLength: 2000 }), {
      maxItems: 20,
      description: "Kept and shown; this server has no grant type that uses them.",
    }),
  ),
};

const ClientInput = Type.Object(
  {
    ...changeable,
    client_id: Type.Optional(
      Type.String({
        pattern: clientIdPattern,
        description: "The OAuth 2 client id, unique within the account, for ever. Left out, it is the `id`.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type ClientCreate = Static<typeof ClientInput>;

const ClientChange = Type.Object(changeable, {
  additionalProperties: false,
  description: "Replaces all three fields: an absent one is empty afterwards.",
});
export type ClientUpdate = Static<typeof ClientChange>;

const entityFields = {
  created_at: Time,
  created_by: Type.String(),
  updated_at: Time,
  updated_by: Type.String(),
};

const ClientSecretInfo = Type.Object({
  id: Uuid,
  created_at: Time,
  last_four: Type.Optional(
    Type.String({
      description: "The secret's last four characters; absent for a short secret, which the server did not make.",
    }),
  ),
});
export type ClientSecretInfo = Static<typeof ClientSecretInfo>;

const secretOnce = Type.String({ description: "Shown only in this answer; the server keeps a hash of it." });

export const Client = Type.Object({
  id: Type.String({ format: "uuid", description: "Made by the server; paths and grants name the client by it." }),
  client_id: Type.String(),
  ...changeable,
  status: ClientStatus,
  secrets: Type.Array(ClientSecretInfo, { description: "The valid secrets, newest first." }),
  ...entityFields,
});
export type Client = Static<typeof Client>;

export const ClientCreate = takesBack(ClientInput, Client);
export const ClientUpdate = takesBack(ClientChange, Client, { created: ClientInput });

export const ClientCreated = Type.Object({ ...Client.properties, client_secret: secretOnce });
export type ClientCreated = Static<typeof ClientCreated>;

export const ClientSecretCreated = Type.Object({ ...ClientSecretInfo.properties, client_secret: secretOnce });
export type ClientSecretCreated = Static<typeof ClientSecretCreated>;

export const ClientList = Type.Object({ clients: Type.Array(Client), starting_after: nextPage });
export type ClientList = Static<typeof ClientList>;

/**
 * The scopes of a grant. A client gives and takes away only scopes that its own cover; `admin:{service}` covers every scope of
 * its service. `type` stands beside `enum` because the check of `uniqueItems` then uses a hash table. Without it each item is
 * compared with each, which takes seconds for one request.
 */
const GrantScope = Type.Unsafe<Scope>({ type: "string", enum: [...scopes] });
const GrantScopes = Type.Array(GrantScope, { minItems: 1, uniqueItems: true });
const grantTypes = ["client_credentials"] as const;

const ClientGrantInput = Type.Object(
  {
    client_id: Type.String({ format: "uuid", description: "The client's `id`." }),
    audience: Type.String({
      maxLength: 255,
      description: "`{server}/v1/accounts/{account_id}`: this account, or an account that this account operates.",
      examples: ["https://api.dintero.com/v1/accounts/P00000000"],
    }),
    scope: GrantScopes,
    type: Type.Optional(
      Type.Enum(grantTypes, {
        default: "client_credentials",
        description: "The OAuth 2 grant type that it may be used for.",
      }),
    ),
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
  type: Type.Enum(grantTypes),
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
const collection = "/v1/accounts/:oid/auth/clients";
const one = `${collection}/:id` as const;
const client = { path: one, schema: Client } as const satisfies Resource;
const ofClient = Type.Object({ oid: OperatorAccountId, id: Uuid });
const ofSecret = Type.Object({ oid: OperatorAccountId, id: Uuid, secret_id: Uuid });
const gone = { 204: Type.Null({ description: "It is removed." }) };

const ClientListQuery = Type.Object(
  {
    status: Type.Optional(Type.Array(ClientStatus, { description: "Repeat it for several." })),
    search: Type.Optional(
      Type.String({ minLength: 1, maxLength: 255, description: "Part of name, description or client id." }),
    ),
    include_deleted: ListQuery.properties.include_deleted,
    limit,
    starting_after: startingAfterUuid,
  },
  { additionalProperties: false },
);

export const clientEndpoints = {
  create: endpoint({
    method: "POST",
    path: collection,
    resource: client,
    scopes: writeClients,
    id: "auth_clients_post",
    summary: "Create an API client; its secret is shown this once",
    tag,
    params: ofOperatorAccount,
    body: ClientCreate,
    answers: { 201: ClientCreated },
    errors: ["client_id_taken"],
  }),
  list: endpoint({
    method: "GET",
    path: collection,
    scopes: readAccounts,
    id: "auth_clients_list",
    summary: "List API clients, newest first",
    tag,
    params: ofOperatorAccount,
    query: ClientListQuery,
    answers: { 200: ClientList },
  }),
  get: endpoint({
    method: "GET",
    path: one,
    resource: client,
    scopes: readAccounts,
    id: "auth_clients_get",
    summary: "Get an API client",
    tag,
    params: ofClient,
    answers: { 200: Client },
    errors: ["client_not_found"],
  }),
  update: endpoint({
    method: "PUT",
    path: one,
    resource: client,
    scopes: writeClients,
    id: "auth_clients_put",
    summary: "Change an API client's name, description and callbacks",
    tag,
    params: ofClient,
    body: ClientUpdate,
    answers: { 200: Client },
    errors: ["client_not_found"],
  }),
  delete: endpoint({
    method: "DELETE",
    path: one,
    resource: client,
    scopes: writeClients,
    id: "auth_clients_delete",
    summary: "Delete an API client; its tokens stop working within 5 seconds",
    tag,
    params: ofClient,
    answers: gone,
    errors: ["scope_not_held", "client_not_found", "last_admin_client"],
  }),
  addSecret: endpoint({
    method: "POST",
    path: `${one}/secrets`,
    resource: client,
    scopes: writeClients,
    id: "auth_clients_secrets_post",
    summary: "Get a further secret, shown this once; the others stay valid",
    tag,
    params: ofClient,
    answers: { 201: ClientSecretCreated },
    errors: ["scope_not_held", "client_not_found", "too_many_secrets"],
  }),
  deleteSecret: endpoint({
    method: "DELETE",
    path: `${one}/secrets/:secret_id`,
    resource: client,
    scopes: writeClients,
    id: "auth_clients_secrets_delete",
    summary: "Delete a secret; it gets no further token",
    tag,
    params: ofSecret,
    answers: gone,
    errors: ["scope_not_held", "client_not_found", "client_secret_not_found", "last_admin_client"],
  }),
};
