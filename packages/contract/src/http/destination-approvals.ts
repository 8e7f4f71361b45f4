import { type Static, Type } from "typebox";
import { OperatorAccountId } from "../accounts.ts";
import { CaseStatus } from "../case-status.ts";
import { Time, Uuid } from "../scalars.ts";
import { readAccounts } from "../scopes.ts";
import { BankAccount, ShownBankAccount } from "./bank-accounts.ts";
import { endpoint } from "./endpoint.ts";
import { ListQuery, nextPage } from "./paging.ts";
import { createDestinations } from "./payout-destination-endpoints.ts";
import { DestinationType, FormSubmitter, Individual, PayoutDestinationCreate } from "./payout-destinations.ts";
import { PayoutDestinationId } from "./stores.ts";

/**
 * The older way to payout destinations, as the public client programs use it: the organization at the top level, other names of
 * intervals, 200 for what was created. The rows are the same as at `/payout-destinations`.
 */
export const approvalIntervals = ["daily", "weekly", "monthly", "manual"] as const;

const fields = PayoutDestinationCreate.properties;
const organizationFields = {
  organization_number: Type.Optional(Type.String({ minLength: 1, maxLength: 32, examples: ["974760673"] })),
  country_code: Type.Optional(
    Type.String({
      format: "iso-3166-1-alpha-2",
      description: "ISO 3166-1 alpha-2; also of the bank accounts that name none.",
      examples: ["NO"],
    }),
  ),
};
const texts = {
  payout_destination_name: fields.payout_destination_name,
  payout_destination_description: fields.payout_destination_description,
  payout_reference: fields.payout_reference,
  payout_interval_type: Type.Optional(Type.Enum(approvalIntervals)),
};
const notUsed = "Taken, and not used: this server has no form and makes no reports.";

export const DestinationApprovalCreate = Type.Object(
  {
    payout_destination_id: Type.Optional(PayoutDestinationId),
    ...organizationFields,
    ...texts,
    type: Type.Optional(DestinationType),
    individual: Type.Optional(Individual),
    bank_accounts: Type.Optional(Type.Array(BankAccount, { minItems: 1, maxItems: 2 })),
    form_submitter: Type.Optional(FormSubmitter),
    report_configuration: fields.report_configuration,
    settlement_report_configuration: Type.Optional(
      Type.Object({}, { additionalProperties: true, description: notUsed }),
    ),
    language: Type.Optional(Type.String({ minLength: 1, maxLength: 35, description: notUsed })),
    currency: Type.Optional(Type.String({ pattern: "^[A-Z]{3}$", description: notUsed })),
  },
  { additionalProperties: false },
);
export type DestinationApprovalCreate = Static<typeof DestinationApprovalCreate>;

export const DestinationApproval = Type.Object({
  id: Uuid,
  payout_destination_id: Type.String({ examples: ["PD032"] }),
  case_status: CaseStatus,
  ...organizationFields,
  ...texts,
  bank_accounts: Type.Array(ShownBankAccount),
  form_submitter: Type.Optional(FormSubmitter),
  links: Type.Array(Type.Object({ href: Type.String(), rel: Type.String() }), {
    description: "Empty: this server has no form for the seller.",
  }),
  created_at: Time,
  created_by: Type.String(),
  updated_at: Time,
  deleted_at: Type.Optional(Time),
  deleted_by: Type.Optional(Type.String()),
});
export type DestinationApproval = Static<typeof DestinationApproval>;

export const DestinationApprovalList = Type.Object({
  payout_destinations: Type.Array(DestinationApproval),
  starting_after: nextPage,
});
export type DestinationApprovalList = Static<typeof DestinationApprovalList>;

const base = {
  path: "/v1/accounts/:aid/management/settings/approvals/payout-destinations",
  tag: "Payout destinations",
  params: Type.Object({ aid: OperatorAccountId }),
} as const;

export const destinationApprovalEndpoints = {
  create: endpoint({
    ...base,
    method: "POST",
    scopes: createDestinations,
    id: "aid_mgmnt_approvals_payout_destinations_post",
    summary: "Create a payout destination, in the older form of the request",
    body: DestinationApprovalCreate,
    answers: { 200: DestinationApproval },
    errors: [
      "organization_not_registered",
      "organization_dissolved",
      "payout_destination_id_taken",
      "register_unavailable",
    ],
  }),
  list: endpoint({
    ...base,
    method: "GET",
    scopes: readAccounts,
    id: "aid_mgmnt_approvals_payout_destinations_get",
    summary: "List payout destinations in their older form, newest first",
    query: Type.Object(
      {
        case_status: Type.Optional(Type.Array(CaseStatus, { description: "Repeat it for several." })),
        payout_destination_id: Type.Optional(PayoutDestinationId),
        limit: Type.Integer({ minimum: 1, maximum: 100, default: 100, description: "How many rows at most." }),
        starting_after: ListQuery.properties.starting_after,
      },
      { additionalProperties: false },
    ),
    answers: { 200: DestinationApprovalList },
  }),
};
