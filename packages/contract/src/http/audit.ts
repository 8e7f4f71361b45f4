import { type Static, Type } from "typebox";
import { SpanEnd, SpanStart, Text, Time } from "../scalars.ts";
import { readAccounts } from "../scopes.ts";
import { actorName } from "./actor-names.ts";
import { endpoint } from "./endpoint.ts";
import { nextPage } from "./paging.ts";
import { ofAccount } from "./params.ts";

const Hash = Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256, hexadecimal." });

/** An entry of the audit log, for one change: who, when, from where, what, before and after. */
export const AuditEntry = Type.Object({
  seq: Type.Integer({ description: "1, 2, 3 … within the account, without gaps." }),
  at: Time,
  account_id: Type.String(),
  actor: Type.String({ description: "The client, or the part of the server that acted by itself." }),
  actor_name: actorName,
  address: Type.String({ description: "The network address the request came from; empty for the server itself." }),
  request_id: Type.String({ description: "The `request-id` of the answer that the caller got." }),
  action: Type.String({ examples: ["store.create"] }),
  subject: Type.Object({ type: Type.String({ examples: ["store"] }), id: Type.String() }),
  before: Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()]),
  after: Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()]),
  previous_hash: Hash,
  hash: Hash,
});
export type AuditEntry = Static<typeof AuditEntry>;

export const AuditList = Type.Object({
  entries: Type.Array(AuditEntry),
  starting_after: nextPage,
});
export type AuditList = Static<typeof AuditList>;

const ListQuery = Type.Object(
  {
    actor: Type.Optional(Text),
    action: Type.Optional(Text),
    subject_type: Type.Optional(Text),
    subject_id: Type.Optional(Text),
    "at.gte": Type.Optional(SpanStart),
    "at.lte": Type.Optional(SpanEnd),
    starting_after: Type.Optional(Type.String({ pattern: "^\\d{1,15}$" })),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 10 }),
  },
  { additionalProperties: false },
);

export const auditEndpoints = {
  list: endpoint({
    method: "GET",
    path: "/v1/accounts/:aid/audit",
    scopes: readAccounts,
    id: "aid_audit_get",
    summary: "Who changed what, newest first",
    tag: "Audit",
    params: ofAccount,
    query: ListQuery,
    answers: { 200: AuditList },
  }),
};
