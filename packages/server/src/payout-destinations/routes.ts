import { OperatorAccountId } from "@tillkeeper/contract/accounts";
import { CaseStatus } from "@tillkeeper/contract/case-status";
import { ListQuery } from "@tillkeeper/contract/http/paging";
import {
  CaseStatusChange,
  OwnedStorePath,
  PayoutDestination,
  PayoutDestinationCreate,
  PayoutDestinationList,
} from "@tillkeeper/contract/http/payout-destinations";
import { PayoutDestinationId } from "@tillkeeper/contract/http/stores";
import { readAccounts, type Scope, writeAccounts } from "@tillkeeper/contract/scopes";
import { Type } from "typebox";
import { type Route, route } from "../platform/http/route.ts";
import { moveCase } from "./case-status.ts";
import { createDestination, type DestinationDeps, getDestination, getDestinations } from "./destinations.ts";
import { linkStore, type StoreLink, unlinkStore } from "./operator-links.ts";

const tag = "Payout destinations";
const list = "/v1/accounts/:oid/payout-destinations";
const one = `${list}/:payout_destination_id`;
const ofAccount = Type.Object({ oid: OperatorAccountId });
const ofDestination = Type.Object({ oid: OperatorAccountId, payout_destination_id: PayoutDestinationId });
const ofLink = Type.Object({ ...ofDestination.properties, ...OwnedStorePath });
const { limit, starting_after } = ListQuery.properties;
const listQuery = Type.Object(
  {
    limit,
    starting_after,
    case_status: Type.Optional(Type.Array(CaseStatus, { description: "Any of these; repeat the parameter." })),
    search: Type.Optional(
      Type.String({ minLength: 1, maxLength: 255, description: "A part of id, name or organization number." }),
    ),
  },
  { additionalProperties: false },
);

const create = [...writeAccounts, "write:accounts:/management/settings/approvals"] as const satisfies readonly Scope[];
const administer = ["admin:accounts"] as const satisfies readonly Scope[];

export function payoutDestinationRoutes(deps: DestinationDeps): Route[] {
  return [...documentedRoutes(deps), ...furtherRoutes(deps)];
}

function documentedRoutes(deps: DestinationDeps): Route[] {
  return [
    route({
      method: "POST",
      path: list,
      scopes: create,
      id: "aid_mgmnt_payout_destinations_post",
      summary: "Create a payout destination",
      tag,
      schemas: { params: ofAccount, body: PayoutDestinationCreate, responses: { 201: PayoutDestination } },
      handle: async ({ caller, body }) => ({ status: 201, body: await createDestination(deps, caller, body) }),
    }),
    route({
      method: "GET",
      path: list,
      scopes: readAccounts,
      id: "aid_mgmnt_payout_destinations_get",
      summary: "List payout destinations, newest first",
      tag,
      schemas: { params: ofAccount, query: listQuery, responses: { 200: PayoutDestinationList } },
      handle: async ({ caller, query }) => ({
        status: 200,
        body: await getDestinations(deps, caller.accountId, query),
      }),
    }),
    route({
      method: "GET",
      path: one,
      scopes: readAccounts,
      id: "aid_mgmnt_payout_destinations_get_by_id",
      summary: "One payout destination with its stores and terminals",
      tag,
      schemas: { params: ofDestination, responses: { 200: PayoutDestination } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await getDestination(deps, caller.accountId, params.payout_destination_id),
      }),
    }),
  ];
}

/** Beyond the documented API: what its operators do out of sight. */
function furtherRoutes(deps: DestinationDeps): Route[] {
  return [
    route({
      method: "PUT",
      path: `${one}/case-status`,
      scopes: administer,
      id: "payout_destinations_case_status_put",
      summary: "Move the case of a payout destination; on a live account only its operator may",
      tag,
      schemas: { params: ofDestination, body: CaseStatusChange, responses: { 200: PayoutDestination } },
      handle: async ({ caller, params, body }) => ({
        status: 200,
        body: await moveCase(deps, caller, params.payout_destination_id, body.case_status),
      }),
    }),
    ...(
      [
        ["PUT", "Link an operator's destination to a store of an account it owns", linkStore],
        ["DELETE", "Take such a link away", unlinkStore],
      ] as const
    ).map(([method, summary, change]) =>
      route({
        method,
        path: `${one}/stores/:account_id/:store_id`,
        scopes: writeAccounts,
        id: `payout_destinations_stores_${method.toLowerCase()}`,
        summary,
        tag,
        schemas: { params: ofLink, responses: { 204: Type.Null({ description: "It is so now." }) } },
        handle: async ({ caller, params }) => {
          const link: StoreLink = {
            payoutDestinationId: params.payout_destination_id,
            accountId: params.account_id,
            storeId: params.store_id,
          };
          await change(deps, caller, link);
          return { status: 204, body: undefined };
        },
      }),
    ),
  ];
}
