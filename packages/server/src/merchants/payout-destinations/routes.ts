import { destinationApprovalEndpoints as approvals } from "@tillkeeper/contract/http/destination-approvals";
import { payoutDestinationEndpoints as payoutDestinations } from "@tillkeeper/contract/http/payout-destination-endpoints";
import { bind, type Route } from "../../platform/http/route.ts";
import { createApproval, getApprovals } from "./approvals.ts";
import { moveCase } from "./case-status.ts";
import { createDestination, type DestinationDeps, getDestination, getDestinations } from "./destinations.ts";
import { linkStore, type StoreLink, unlinkStore } from "./operator-links.ts";
import { patchDestination } from "./patch.ts";

export function payoutDestinationRoutes(deps: DestinationDeps): Route[] {
  return [
    bind(payoutDestinations.create, ({ caller, body }) => createDestination(deps, caller, body)),
    bind(payoutDestinations.list, ({ caller, query }) => getDestinations(deps, caller.accountId, query)),
    bind(payoutDestinations.get, ({ caller, params }) =>
      getDestination(deps, caller.accountId, params.payout_destination_id),
    ),
    bind(payoutDestinations.patch, ({ caller, params, body }) =>
      patchDestination(deps, caller, params.payout_destination_id, body),
    ),
    bind(approvals.create, ({ caller, body }) => createApproval(deps, caller, body)),
    bind(approvals.list, ({ caller, query }) => getApprovals(deps, caller.accountId, query)),
    bind(payoutDestinations.moveCase, ({ caller, params, body }) =>
      moveCase(deps, caller, params.payout_destination_id, body.case_status),
    ),
    bind(payoutDestinations.linkStore, ({ caller, params }) => linkStore(deps, caller, linkOf(params))),
    bind(payoutDestinations.unlinkStore, ({ caller, params }) => unlinkStore(deps, caller, linkOf(params))),
  ];
}

function linkOf(params: { payout_destination_id: string; account_id: string; store_id: string }): StoreLink {
  return { payoutDestinationId: params.payout_destination_id, accountId: params.account_id, storeId: params.store_id };
}
