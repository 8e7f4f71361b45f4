import { type Static, Type } from "typebox";
import { AccountId } from "../accounts.ts";
import { CaseStatus } from "../case-status.ts";
import { Name, nameOf } from "../names.ts";
import { Time, Uuid } from "../scalars.ts";
import { TerminalStatus } from "../terminal-status.ts";
import { BankAccount, Country, KeptBankAccount, ShownBankAccount } from "./bank-accounts.ts";
import { nextPage } from "./paging.ts";
import { PathId } from "./params.ts";
import { takesBack } from "./sent-back.ts";
import { Address, PayoutDestinationId, StoreStatus } from "./stores.ts";

/** Payout destinations, field by field as the public reference shows them; additions are marked as such. */
const Email = Type.String({ format: "email", maxLength: 254 });
const PhoneNumber = Type.String({
  pattern: "^\\+[1-9]\\d{1,14}$",
  description: "A phone number in E.164 format.",
  examples: ["+4799999999"],
});

export const DestinationType = Type.Enum(["company", "individual"]);

export const payoutIntervals = ["day", "week", "month", "manual"] as const;
export type PayoutInterval = (typeof payoutIntervals)[number];

const DestinationOrganization = Type.Object(
  {
    organization_number: nameOf({ maxLength: 32, examples: ["974760673"] }),
    country: Type.Optional(Country),
    name: Type.Optional(Name),
    trade_name: Type.Optional(Name),
  },
  { additionalProperties: false, description: "The organization of a company. Without a country it is Norwegian." },
);

export const Individual = Type.Object(
  {
    name: Type.Optional(Name),
    birth_date: Type.Optional(Type.String({ pattern: "^\\d{4}-\\d{2}-\\d{2}$", examples: ["1990-12-25"] })),
    phone_number: Type.Optional(PhoneNumber),
    email: Type.Optional(Email),
    address_line: Type.Optional(Name),
    address_line_2: Type.Optional(Name),
    address_postal_code: Type.Optional(nameOf({ maxLength: 20 })),
    address_city: Type.Optional(Name),
    address_country: Type.Optional(Country),
  },
  { additionalProperties: false, description: "Used only when `type` is `individual`." },
);
export type Individual = Static<typeof Individual>;

export const FormSubmitter = Type.Object(
  { email: Type.Optional(Email), name: Type.Optional(Name), title: Type.Optional(Name) },
  { additionalProperties: false, description: "Who fills in the form. It is kept; this server sends no e-mail." },
);
export type FormSubmitter = Static<typeof FormSubmitter>;

const MerchantCategoryCode = Type.String({ pattern: "^\\d{1,4}$", description: "ISO 18245.", examples: ["2741"] });

const writableFields = {
  payout_destination_name: Type.Optional(nameOf({ maxLength: 60 })),
  payout_destination_description: Type.Optional(
    Type.String({
      maxLength: 1000,
      description:
        "On a sandbox account AUTO_APPROVE, AUTO_DECLINE or AUTO_WAITING_FOR_SIGNATURE in here decides the case at once.",
    }),
  ),
  individual: Type.Optional(Individual),
  address: Type.Optional(Address),
  payout_interval_type: Type.Optional(Type.Enum(payoutIntervals)),
  payout_reference: Type.Optional(
    nameOf({ maxLength: 60, description: "The text of the transfers in bank statements." }),
  ),
  email: Type.Optional(Email),
  website: Type.Optional(Name),
  phone_number: Type.Optional(PhoneNumber),
  merchant_category_code: Type.Optional(MerchantCategoryCode),
};

const changeable = {
  type: Type.Optional(DestinationType),
  organization: Type.Optional(DestinationOrganization),
  ...writableFields,
  bank_accounts: Type.Optional(Type.Array(BankAccount, { minItems: 1, maxItems: 2 })),
  form_submitter: Type.Optional(FormSubmitter),
  report_configuration: Type.Optional(
    Type.Object({}, { additionalProperties: true, description: "It is kept; this server makes no such reports." }),
  ),
};

const PayoutDestinationInput = Type.Object(
  { payout_destination_id: Type.Optional(PayoutDestinationId), ...changeable },
  { additionalProperties: false, description: "Without `type` it is a company." },
);
export type PayoutDestinationCreate = Static<typeof PayoutDestinationInput>;

const PayoutDestinationChange = Type.Object(
  { ...changeable, bank_accounts: Type.Optional(Type.Array(KeptBankAccount, { maxItems: 2 })) },
  {
    additionalProperties: false,
    description:
      "An absent field stays as it is; objects and lists are replaced whole. The organization number stays what it is. On a live " +
      "account only the operator changes what the approval was for (`type`, `organization`, `individual`, `bank_accounts`, " +
      "`merchant_category_code`) while the case is ACTIVE. No word in the description decides the case any more.",
  },
);
export type PayoutDestinationPatch = Static<typeof PayoutDestinationChange>;

const destinationFields = {
  id: Uuid,
  payout_destination_id: Type.String({ examples: ["PD032"] }),
  account_id: Type.String(),
  created_at: Time,
  created_by: Type.String(),
  updated_at: Time,
  updated_by: Type.String(),
  case_status: CaseStatus,
  type: DestinationType,
  organization: Type.Optional(
    Type.Object({ ...DestinationOrganization.properties, organization_number: Type.Optional(Type.String()) }),
  ),
  ...writableFields,
  bank_accounts: Type.Array(ShownBankAccount),
  number_of_stores: Type.Integer({ description: "Stores that are not deleted." }),
  number_of_terminals: Type.Integer({ description: "Terminals of those stores that are not deleted." }),
};

const DestinationStore = Type.Object({
  account_id: Type.String({ description: "The account of the store; another one where the operator linked it." }),
  store_id: Type.String(),
  id: Type.String(),
  store_name: Type.Optional(Type.String()),
  status: StoreStatus,
});

const DestinationTerminal = Type.Object({
  terminal_id: Type.String(),
  device_serial_number: Type.String(),
  status: TerminalStatus,
  store_id: Type.String(),
});

/** Stores that an answer lists; further ones are only counted. The lists of stores and terminals page through all. */
export const listedStoresMax = 1000;

export const PayoutDestination = Type.Object({
  ...destinationFields,
  stores: Type.Array(DestinationStore, { description: `The newest ${listedStoresMax} stores.` }),
  terminals: Type.Array(DestinationTerminal, { description: "The terminals of those stores." }),
  links: Type.Array(Type.Object({ rel: Type.Enum(["stores", "terminals"]), href: Type.String() }), {
    description: "Where all stores and terminals of the account that have this destination are listed.",
  }),
});
export type PayoutDestination = Static<typeof PayoutDestination>;

export const PayoutDestinationCreate = takesBack(PayoutDestinationInput, PayoutDestination);
export const PayoutDestinationPatch = takesBack(PayoutDestinationChange, PayoutDestination, {
  created: PayoutDestinationInput,
});

export const PayoutDestinationListItem = Type.Object(destinationFields);
export type PayoutDestinationListItem = Static<typeof PayoutDestinationListItem>;

export const PayoutDestinationList = Type.Object({
  payout_destinations: Type.Array(PayoutDestinationListItem),
  starting_after: nextPage,
});
export type PayoutDestinationList = Static<typeof PayoutDestinationList>;

/** Beyond the documented API: the operator's decision on a case. */
export const CaseStatusChange = Type.Object({ case_status: CaseStatus }, { additionalProperties: false });

/** Beyond the documented API: a store of an account that the operator owns. */
export const OwnedStorePath = { account_id: AccountId, store_id: PathId };
