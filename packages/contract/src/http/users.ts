import { type Static, Type } from "typebox";
import { AccountId } from "../accounts.ts";
import { Name } from "../names.ts";
import { Time, Uuid } from "../scalars.ts";
import { endpoint } from "./endpoint.ts";
import { limit, nextPage, startingAfterUuid } from "./paging.ts";
import { ofAccount } from "./params.ts";
import { EmailAddress, Role, UserLanguage } from "./people.ts";
import type { Resource } from "./resource.ts";
import { takesBack } from "./sent-back.ts";

export const userStoresMax = 1_000;

const changeable = {
  name: Name,
  role: Role,
  stores: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 255 }), {
      minItems: 1,
      maxItems: userStoresMax,
      uniqueItems: true,
      description:
        "Of the role `store`, which must name at least one: the stores that the user sees, by either id; answers show the generated `id`.",
    }),
  ),
  language: Type.Optional(UserLanguage),
};

const UserInput = Type.Object(
  { email: EmailAddress, ...changeable },
  {
    additionalProperties: false,
    examples: [{ email: "kari@kiosk.example", name: "Kari Nordmann", role: "operations", language: "nb" }],
  },
);
export type UserCreate = Static<typeof UserInput>;

const UserChange = Type.Object(changeable, {
  additionalProperties: false,
  description: "Replaces all fields: an absent one is empty afterwards.",
});
export type UserUpdate = Static<typeof UserChange>;

/** A person as a user of an account. What the person is elsewhere is not shown. */
export const User = Type.Object({
  id: Type.String({ format: "uuid", description: "Stands in `created_by` of what the user does in this account." }),
  email: EmailAddress,
  ...changeable,
  status: Type.Enum(["INVITED", "ACTIVE"] as const, {
    description: "INVITED until the person has accepted the invitation by its link.",
  }),
  created_at: Time,
  created_by: Type.String(),
  updated_at: Time,
  updated_by: Type.String(),
  deleted_at: Type.Optional(
    Type.String({ format: "date-time", description: "Only the answer that removes the user has it." }),
  ),
  deleted_by: Type.Optional(Type.String()),
});
export type User = Static<typeof User>;

export const UserCreate = takesBack(UserInput, User);
export const UserUpdate = takesBack(UserChange, User, { created: UserInput });

export const UserList = Type.Object({ users: Type.Array(User), starting_after: nextPage });
export type UserList = Static<typeof UserList>;

export const UserLinkCreate = Type.Object(
  {
    purpose: Type.Enum(["invitation", "reset"] as const, {
      description: "`invitation`: the person accepts and sets a password. `reset`: the person sets another password.",
    }),
    mail: Type.Optional(
      Type.Boolean({
        description:
          "true: the link is mailed to the user as well, in the user's language; where the server sends mail. Five times a day at most.",
      }),
    ),
  },
  { additionalProperties: false, examples: [{ purpose: "invitation" }] },
);
export type UserLinkCreate = Static<typeof UserLinkCreate>;

export const UserLink = Type.Object({
  link: Type.String({
    description:
      "Shown only in this answer; hand it to the person. It works once. A reset does not work for a person " +
      "who is a user of another account, too: no account gives away what opens another.",
  }),
  expires_at: Time,
  mailed_to: Type.Optional(
    Type.String({ description: "The address to which the link is mailed; absent when it is not." }),
  ),
});
export type UserLink = Static<typeof UserLink>;

const tag = "Users";
const collection = "/v1/accounts/:aid/users";
const one = `${collection}/:id` as const;
const user = { path: one, schema: User } as const satisfies Resource;
const ofUser = Type.Object({ aid: AccountId, id: Uuid });
const admin = ["admin:accounts"] as const;

/** The users of an account. */
export const userEndpoints = {
  create: endpoint({
    method: "POST",
    path: collection,
    resource: user,
    scopes: admin,
    id: "aid_users_post",
    summary: "Make a person a user of the account; a link then invites the person",
    tag,
    params: ofAccount,
    body: UserCreate,
    answers: { 201: User },
    errors: ["scope_not_held", "user_exists"],
  }),
  list: endpoint({
    method: "GET",
    path: collection,
    scopes: admin,
    id: "aid_users_get",
    summary: "List the users of the account, newest first",
    tag,
    params: ofAccount,
    query: Type.Object({ limit, starting_after: startingAfterUuid }, { additionalProperties: false }),
    answers: { 200: UserList },
  }),
  get: endpoint({
    method: "GET",
    path: one,
    resource: user,
    scopes: admin,
    id: "aid_users_id_get",
    summary: "Get a user",
    tag,
    params: ofUser,
    answers: { 200: User },
    errors: ["user_not_found"],
  }),
  update: endpoint({
    method: "PUT",
    path: one,
    resource: user,
    scopes: admin,
    id: "aid_users_id_put",
    summary: "Change a user's name, role, stores and language; it counts from the person's next request on",
    tag,
    params: ofUser,
    body: UserUpdate,
    answers: { 200: User },
    errors: ["scope_not_held", "user_not_found", "last_admin_user"],
  }),
  delete: endpoint({
    method: "DELETE",
    path: one,
    resource: user,
    scopes: admin,
    id: "aid_users_id_delete",
    summary: "Remove a user; from the next request on the person sees nothing of the account",
    tag,
    params: ofUser,
    answers: { 200: User },
    errors: ["scope_not_held", "user_not_found", "last_admin_user"],
  }),
  createLink: endpoint({
    method: "POST",
    path: `${one}/links`,
    scopes: admin,
    id: "aid_users_id_links_post",
    summary: "Make a link that invites the user, or lets the user set another password",
    tag,
    params: ofUser,
    body: UserLinkCreate,
    answers: { 201: UserLink },
    errors: ["scope_not_held", "user_not_found", "user_not_active"],
  }),
  endTotp: endpoint({
    method: "DELETE",
    path: `${one}/totp`,
    scopes: admin,
    id: "aid_users_id_totp_delete",
    summary:
      "Let the user sign in without the authenticator that is lost; without effect for a person who is a user of another account, too",
    tag,
    params: ofUser,
    answers: { 204: Type.Null() },
    errors: ["scope_not_held", "user_not_found", "user_not_active"],
  }),
};
