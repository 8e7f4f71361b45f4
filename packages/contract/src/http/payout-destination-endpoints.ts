import { Type } from "typebox";
import { OperatorAccountId } from "../accounts.ts";
import { CaseStatus } from "../case-status.ts";
import { readAccounts, type Scope, writeAccounts } from "../scopes.ts";
import { endpoint } from "./endpoint.ts";
import { ListQuery } from "./paging.ts";
import { ofOperatorAccount } from "./params.ts";
import {
  CaseStatusChange,
  OwnedStorePath,
  PayoutDestination,
  PayoutDestinationCreate,
  PayoutDestinationList,
  PayoutDestinationPatch,
} from "./payout-destinations.ts";
import type { Resource } from "./resource.ts";
import { PayoutDestinationId } from "./stores.ts";

const tag = "Payout destinations";
const list = "/v1/accounts/:oid/payout-destinations";
const one = `${list}/:payout_destination_id` as const;
const destination = {
  path: one,
  schema: PayoutDestination,
  beside: ["stores", "terminals", "links", "number_of_stores", "number_of_terminals"],
} as const satisfies Resource;
const ofDestination = Type.Object({ oid: OperatorAccountId, payout_destination_id: PayoutDestinationId });
const { limit, starting_after } = ListQuery.properties;
const listQuery = Type.Object(
  {
    limit,
    starting_after,
    case_status: Type.Optional(
      Type.Array(CaseStatus, { description: "In any of these statuses; repeat the parameter for several." }),
    ),
    search: Type.Optional(
      Type.String({ minLength: 1, maxLength: 255, description: "A part of id, name or organization number." }),
    ),
  },
  { additionalProperties: false },
);

export const createDestinations = [
  ...writeAccounts,
  "write:accounts:/management/settings/approvals",
] as const satisfies readonly Scope[];
const administer = ["admin:accounts"] as const satisfies readonly Scope[];

/** What linking and unlinking share: the path names a store of an account that the operator owns. */
const link = {
  path: `${one}/stores/:account_id/:store_id`,
  scopes: writeAccounts,
  tag,
  params: Type.Object({ ...ofDestination.properties, ...OwnedStorePath }),
  answers: { 204: Type.Null({ description: "The link exists, or is removed, as requested." }) },
} as const;

export const payoutDestinationEndpoints = {
  create: endpoint({
    method: "POST",
    path: list,
    resource: destination,
    scopes: createDestinations,
    id: "aid_mgmnt_payout_destinations_post",
    summary: "Create a payout destination",
    tag,
    params: ofOperatorAccount,
    body: PayoutDestinationCreate,
    answers: { 201: PayoutDestination },
    errors: [
      "organization_not_registered",
      "organization_dissolved",
      "payout_destination_id_taken",
      "register_unavailable",
    ],
  }),
  list: endpoint({
    method: "GET",
    path: list,
    scopes: readAccounts,
    id: "aid_mgmnt_payout_destinations_get",
    summary: "List payout destinations, newest first",
    tag,
    params: ofOperatorAccount,
    query: listQuery,
    answers: { 200: PayoutDestinationList },
  }),
  get: endpoint({
    method: "GET",
    path: one,
    resource: destination,
    scopes: readAccounts,
    id: "aid_mgmnt_payout_destinations_get_by_id",
    summary: "One payout destination with its stores and terminals",
    tag,
    params: ofDestination,
    answers: { 200: PayoutDestination },
    errors: ["unknown_payout_destination"],
  }),
  patch: endpoint({
    method: "PATCH",
    path: one,
    resource: destination,
    scopes: createDestinations,
    id: "oid_mgmnt_payout_destinations_by_id_patch",
    summary: "Change details of a payout destination",
    tag,
    params: ofDestination,
    body: PayoutDestinationPatch,
    answers: { 200: PayoutDestination },
    errors: [
      "organization_not_registered",
      "organization_dissolved",
      "operator_only",
      "unknown_payout_destination",
      "payout_destination_archived",
      "register_unavailable",
    ],
  }),
  moveCase: endpoint({
    method: "PUT",
    path: `${one}/case-status`,
    resource: destination,
    scopes: administer,
    id: "payout_destinations_case_status_put",
    summary: "Move the case of a payout destination; on a live account only its operator may",
    tag,
    params: ofDestination,
    body: CaseStatusChange,
    answers: { 200: PayoutDestination },
    errors: ["operator_only", "unknown_payout_destination", "case_status_not_allowed"],
  }),
  linkStore: endpoint({
    ...link,
    method: "PUT",
    id: "payout_destinations_stores_put",
    summary: "Link an operator's destination to a store of an account it owns",
    errors: ["store_not_found", "unknown_payout_destination"],
  }),
  unlinkStore: endpoint({
    ...link,
    method: "DELETE",
    id: "payout_destinations_stores_delete",
    summary: "Remove the link between an operator's destination and a store",
    errors: ["store_not_found", "unknown_payout_destination"],
  }),
};
