import type {
  DestinationApproval,
  DestinationApprovalCreate,
  DestinationApprovalList,
} from "@tillkeeper/contract/http/destination-approvals";
import { approvalIntervals } from "@tillkeeper/contract/http/destination-approvals";
import { type PayoutDestinationCreate, payoutIntervals } from "@tillkeeper/contract/http/payout-destinations";
import { inTenant } from "../../db/tenants/tenant.ts";
import { ApiError } from "../../platform/errors.ts";
import { cutPage, invalidStart } from "../../platform/http/paging.ts";
import type { Caller } from "../../platform/http/route.ts";
import { documentedTime } from "../../platform/timestamps.ts";
import { createDestination, type DestinationDeps } from "./destinations.ts";
import { masked } from "./present.ts";
import { type DestinationRow, destinationExists, findDestination, listDestinations } from "./queries.ts";

/** As `createDestination`, with the older request and answer. Errors name the places of the older request. */
export async function createApproval(
  deps: DestinationDeps,
  caller: Caller,
  input: DestinationApprovalCreate,
): Promise<DestinationApproval> {
  const { payout_destination_id: id } = await createDestination(deps, caller, destinationOf(input)).catch(
    (error: unknown) => {
      throw error instanceof ApiError ? withOlderPlaces(error) : error;
    },
  );
  const row = await inTenant(deps.db, caller.accountId, (tx) => findDestination(tx, caller.accountId, id));
  return present(row as DestinationRow);
}

function destinationOf(input: DestinationApprovalCreate): PayoutDestinationCreate {
  const {
    organization_number: number,
    country_code: country,
    payout_interval_type: interval,
    bank_accounts: accounts,
    language: _language,
    currency: _currency,
    settlement_report_configuration: _reports,
    ...same
  } = input;
  return {
    ...same,
    ...(number !== undefined && { organization: { organization_number: number, ...(country && { country }) } }),
    ...(interval && { payout_interval_type: payoutIntervals[approvalIntervals.indexOf(interval)] }),
    ...(accounts && {
      bank_accounts: accounts.map((account) => ({
        ...(country && { bank_account_country_code: country }),
        ...account,
      })),
    }),
  };
}

const olderPlaces: Readonly<Record<string, string>> = {
  "/body/organization": "/body/organization_number",
  "/body/organization/organization_number": "/body/organization_number",
  "/body/organization/country": "/body/country_code",
};

function withOlderPlaces({ code, message, errors, retryAfterSeconds, cause }: ApiError): ApiError {
  const places = errors.map((place) => ({ ...place, path: olderPlaces[place.path] ?? place.path }));
  return new ApiError(code, message, { errors: places, retryAfterSeconds, cause });
}

interface ApprovalQuery {
  case_status?: DestinationApproval["case_status"][];
  payout_destination_id?: string;
  limit: number;
  starting_after?: string;
}

/** A page of destinations in their older form, newest first. Throws `invalid_request` for an unknown `starting_after`. */
export async function getApprovals(
  deps: DestinationDeps,
  accountId: string,
  { case_status: caseStatus, payout_destination_id: payoutDestinationId, limit, starting_after: after }: ApprovalQuery,
): Promise<DestinationApprovalList> {
  const rows = await inTenant(deps.db, accountId, async (tx) => {
    if (after !== undefined && !(await destinationExists(tx, accountId, after))) throw invalidStart();
    const page = { after, limit: limit + 1, caseStatus, search: undefined, payoutDestinationId };
    return listDestinations(tx, accountId, page);
  });
  const { page, last } = cutPage(rows, limit);
  return { payout_destinations: page.map(present), ...(last && { starting_after: last.payout_destination_id }) };
}

function present(row: DestinationRow): DestinationApproval {
  const { organization_number: number, country } = row.organization ?? {};
  const interval = row.payout_interval_type;
  return {
    id: row.id,
    payout_destination_id: row.payout_destination_id,
    case_status: row.case_status,
    ...(number !== undefined && { organization_number: number }),
    ...(country !== undefined && { country_code: country }),
    ...(row.payout_destination_name !== null && { payout_destination_name: row.payout_destination_name }),
    ...(row.payout_destination_description !== null && {
      payout_destination_description: row.payout_destination_description,
    }),
    ...(row.payout_reference !== null && { payout_reference: row.payout_reference }),
    ...(interval !== null && { payout_interval_type: approvalIntervals[payoutIntervals.indexOf(interval)] }),
    bank_accounts: row.bank_accounts.map(masked),
    ...(row.form_submitter && { form_submitter: row.form_submitter }),
    links: [],
    created_at: documentedTime(row.created_at),
    created_by: row.created_by,
    updated_at: documentedTime(row.updated_at ?? row.created_at),
  };
}
