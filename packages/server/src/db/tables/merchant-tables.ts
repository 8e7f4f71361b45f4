import type { CaseStatus } from "@tillkeeper/contract/case-status";
import type { BankAccount } from "@tillkeeper/contract/http/bank-accounts";
import type { FormSubmitter, Individual, PayoutInterval } from "@tillkeeper/contract/http/payout-destinations";
import type { StoreConfigurationPatch } from "@tillkeeper/contract/http/store-configuration";
import type { Address, Coordinates, Organization, StoreStatus } from "@tillkeeper/contract/http/stores";
import type { ColumnType, Generated } from "kysely";
import type { Json } from "./json-column.ts";

/** The tables of stores and of payout destinations. */
export interface MerchantTables {
  payout_destinations: {
    account_id: string;
    payout_destination_id: string;
    id: Generated<string>;
    payout_destination_name: string | null;
    payout_destination_description: string | null;
    case_status: CaseStatus;
    type: "company" | "individual";
    merchant_category_code: string | null;
    organization: Json<Organization> | null;
    individual: Json<Individual> | null;
    address: Json<Address> | null;
    bank_accounts: ColumnType<BankAccount[], string | undefined, string>;
    payout_interval_type: PayoutInterval | null;
    payout_reference: string | null;
    email: string | null;
    phone_number: string | null;
    website: string | null;
    form_submitter: Json<FormSubmitter> | null;
    report_configuration: Json<Record<string, unknown>> | null;
    created_at: Date;
    created_by: Generated<string>;
    updated_at: Date | null;
    updated_by: Generated<string>;
    /** Since when its status is no longer ACTIVE; null while it is ACTIVE, or never was. */
    stopped_at: Date | null;
    search_text: ColumnType<string, never, never>;
  };
  operator_destination_stores: {
    operator_account_id: string;
    payout_destination_id: string;
    account_id: string;
    store_ref: string;
    created_at: Date;
    created_by: string;
  };
  stores: {
    account_id: string;
    id: string;
    number: number;
    store_id: string;
    status: StoreStatus;
    verified: boolean;
    organization: Json<Organization> | null;
    store_name: string | null;
    email: string | null;
    phone_number: string | null;
    address: Json<Address> | null;
    coordinates: Json<Coordinates> | null;
    website: string | null;
    payout_destination_id: string | null;
    suspended_by_operator: Generated<boolean>;
    suspended_by_destination: Generated<boolean>;
    configuration: ColumnType<StoreConfigurationPatch, string | undefined, string>;
    created_at: Date;
    created_by: string;
    updated_at: Date;
    updated_by: string;
  };
  store_search: {
    account_id: string;
    number: number;
    status: StoreStatus;
    payout_destination_id: string | null;
    text: string;
  };
}
