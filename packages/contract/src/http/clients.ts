import { type Static, Type } from "typebox";
import { OperatorAccountId } from "../accounts.ts";
import { nameOf } from "../names.ts";
import { Time, Uuid } from "../scalars.ts";
import { readAccounts, writeClients } from "../scopes.ts";
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
 * How long the earlier secrets of a client are still valid after a rotation. The public reference does not say what
 * becomes of them. They end by themselves, so that none is left for ever, and not at once, so that programs that still
 * use one have a day to take the new one.
 */
export const rotatedSecretSeconds = 86_400;

/**
 * The form of a `client_id`. It is the `sub` of the client's tokens and the `created_by` of its records. So it is unique
 * within its account, and differs from the names of the server (`system`, `autopilot`), a pairing device (`device`) and terminals there.
 */
export const clientIdPattern = "^(?!system$|autopilot$|device$|[PT]\\d{8}-T\\d{4,9}$)[\\w.@-]{1,64}$";

const changeable = {
  name: Type.Optional(nameOf({ maxLength: 255, examples: ["Back office"] })),
  description: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
  callbacks: Type.Optional(
    Type.Array(Type.String({ format: "uri", maxLength: 2000 }), {
      maxItems: 20,
      description:
        "Where people come back to who sign in to the client, with a grant of the type `authorization_code`: compared as they are, but for the port of `127.0.0.1` and `[::1]`.",
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

const ClientPatchInput = Type.Object(
  { name: changeable.name, description: changeable.description },
  { additionalProperties: false, description: "An absent field stays as it is." },
);
export type ClientPatch = Static<typeof ClientPatchInput>;

/** Who made and changed a client or a grant, and who has deleted it. */
export const entityFields = {
  created_at: Time,
  created_by: Type.String(),
  updated_at: Time,
  updated_by: Type.String(),
  deleted_at: Type.Optional(Time),
  deleted_by: Type.Optional(Type.String()),
};

export const ClientSecretInfo = Type.Object({
  id: Uuid,
  created_at: Time,
  last_four: Type.Optional(
    Type.String({
      description: "The secret's last four characters; absent for a short secret, which the server did not make.",
    }),
  ),
  expires_at: Type.Optional(
    Type.String({
      format: "date-time",
      description: "When it ends, because a rotation replaced it; absent: it is valid until it is deleted.",
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

export const ClientPatch = takesBack(ClientPatchInput, Client, { created: ClientInput });

export const ClientCreated = Type.Object({ ...Client.properties, client_secret: secretOnce });
export type ClientCreated = Static<typeof ClientCreated>;

export const ClientSecretCreated = Type.Object({ ...ClientSecretInfo.properties, client_secret: secretOnce });
export type ClientSecretCreated = Static<typeof ClientSecretCreated>;

export const ClientList = Type.Object({ clients: Type.Array(Client), starting_after: nextPage });
export type ClientList = Static<typeof ClientList>;

const tag = "Clients";
const collection = "/v1/accounts/:oid/auth/clients";
const one = `${collection}/:id` as const;
const client = { path: one, schema: Client } as const satisfies Resource;
const ofClient = Type.Object({ oid: OperatorAccountId, id: Uuid });
const ofSecret = Type.Object({ oid: OperatorAccountId, id: Uuid, secret_id: Uuid });

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
  patch: endpoint({
    method: "PATCH",
    path: one,
    resource: client,
    scopes: writeClients,
    id: "aid_auths_clients_id_patch",
    summary: "Change an API client's name or description",
    tag,
    params: ofClient,
    body: ClientPatch,
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
    answers: { 200: Client },
    errors: ["scope_not_held", "client_not_found", "last_admin_client"],
  }),
  rotateSecret: endpoint({
    method: "POST",
    path: `${one}/rotate-secret`,
    resource: client,
    scopes: writeClients,
    id: "aid_auths_clients_id_rotate_post",
    summary: "Get a new secret, shown this once; the earlier ones end after 24 hours, issued tokens stay valid",
    tag,
    params: ofClient,
    answers: { 200: ClientCreated },
    errors: ["scope_not_held", "client_not_found", "too_many_secrets"],
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
    answers: { 200: ClientSecretInfo },
    errors: ["scope_not_held", "client_not_found", "client_secret_not_found", "last_admin_client"],
  }),
};
