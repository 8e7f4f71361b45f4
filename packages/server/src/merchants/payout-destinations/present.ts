import { accountIdPattern } from "@tillkeeper/contract/accounts";
import type { BankAccount } from "@tillkeeper/contract/http/bank-accounts";
import {
  listedStoresMax,
  type PayoutDestination,
  type PayoutDestinationListItem,
} from "@tillkeeper/contract/http/payout-destinations";
import { documentedTime } from "../../platform/timestamps.ts";
import type { DestinationRow, DestinationStoreRow } from "./queries.ts";

/** Numbers of a destination's stores and terminals that belong to other accounts. */
export interface LinkedCounts {
  stores: number;
  terminals: number;
}

export function presentListItem(row: DestinationRow, linked: LinkedCounts): PayoutDestinationListItem {
  return {
    id: row.id,
    payout_destination_id: row.payout_destination_id,
    account_id: row.account_id,
    created_at: documentedTime(row.created_at),
    created_by: row.created_by,
    updated_at: documentedTime(row.updated_at ?? row.created_at),
    updated_by: row.updated_by,
    case_status: row.case_status,
    type: row.type,
    ...(row.organization && { organization: row.organization }),
    ...(row.payout_destination_name !== null && { payout_destination_name: row.payout_destination_name }),
    ...(row.payout_destination_description !== null && {
      payout_destination_description: row.payout_destination_description,
    }),
    ...(row.individual && { individual: row.individual }),
    ...(row.address && { address: row.address }),
    ...(row.payout_interval_type !== null && { payout_interval_type: row.payout_interval_type }),
    ...(row.payout_reference !== null && { payout_reference: row.payout_reference }),
    ...(row.email !== null && { email: row.email }),
    ...(row.website !== null && { website: row.website }),
    ...(row.phone_number !== null && { phone_number: row.phone_number }),
    ...(row.merchant_category_code !== null && { merchant_category_code: row.merchant_category_code }),
    bank_accounts: row.bank_accounts.map(masked),
    number_of_stores: row.number_of_stores + linked.stores,
    number_of_terminals: row.number_of_terminals + linked.terminals,
  };
}

/** Masks an account number. No answer shows it whole, and neither does the audit log. */
export function masked(account: BankAccount): BankAccount {
  const number = account.bank_account_number;
  if (number === undefined) return account;
  return { ...account, bank_account_number: `${"*".repeat(number.length - 4)}${number.slice(-4)}` };
}

interface Details {
  row: DestinationRow;
  linked: LinkedCounts;
  /** Stores of the account itself, then those of accounts that it owns. */
  stores: readonly DestinationStoreRow[];
  /** The server's own address. */
  serverUrl: string;
}

export function present({ row, linked, stores: all, serverUrl }: Details): PayoutDestination {
  const stores = all.slice(0, listedStoresMax);
  // An operator's own account, with three digits, has no lists of stores and terminals.
  const lists = new RegExp(accountIdPattern).test(row.account_id) ? (["stores", "terminals"] as const) : [];
  const query = `payout_destination_id=${encodeURIComponent(row.payout_destination_id)}`;
  return {
    ...presentListItem(row, linked),
    stores: stores.map(({ account_id, store_id, id, store_name, status }) => ({
      account_id,
      store_id,
      id,
      ...(store_name !== null && { store_name }),
      status,
    })),
    terminals: stores.flatMap(({ store_id, terminals }) => terminals.map((terminal) => ({ ...terminal, store_id }))),
    links: lists.map((rel) => ({
      rel,
      href: `${serverUrl}/v1/accounts/${row.account_id}/${rel}?${query}`,
    })),
  };
}
