import { type Static, Type } from "typebox";
import { OperatorAccountId } from "../accounts.ts";
import { Name } from "../names.ts";
import { Time } from "../scalars.ts";
import { ClientCreated } from "./clients.ts";
import { endpoint } from "./endpoint.ts";
import { TimeZone } from "./store-configuration.ts";

/** A new account. Only the server's operator creates accounts: by the command line, or here with the bootstrap token. */
export const AccountCreate = Type.Object(
  {
    name: Name,
    account_id: Type.Optional({
      ...OperatorAccountId,
      description: "`P` live, `T` sandbox; three digits for operators. Left out, the server takes a free `P` number.",
    }),
    operator_account_id: Type.Optional({
      ...OperatorAccountId,
      description: "An existing account, which will own this one as its operator.",
    }),
    time_zone: Type.Optional({
      ...TimeZone,
      description:
        "The time zone of its stores that have none of their own and whose address does not tell: an IANA name in today's spelling.",
    }),
  },
  { additionalProperties: false },
);
export type AccountCreate = Static<typeof AccountCreate>;

export const AccountCreated = Type.Object({
  account_id: Type.String(),
  name: Type.String(),
  operator_account_id: Type.Optional(Type.String()),
  time_zone: Type.Optional(Type.String()),
  created_at: Time,
  client: Type.Object(ClientCreated.properties, {
    description: "A first client with every `admin:` scope for the account.",
  }),
});
export type AccountCreated = Static<typeof AccountCreated>;

export const accountEndpoints = {
  create: endpoint({
    method: "POST",
    path: "/v1/accounts",
    scopes: "public",
    credentials: ["bootstrap"],
    id: "accounts_post",
    summary: "Create an account with a first client; takes the server's bootstrap token as bearer token",
    tag: "Accounts",
    body: AccountCreate,
    answers: { 201: AccountCreated },
    limited: "per address",
    outsideSdk: "it takes the bootstrap token of the server",
    errors: ["missing_token", "invalid_token", "not_found", "account_id_taken"],
  }),
};
