import type { CaseStatus } from "@tillkeeper/contract/case-status";
import type { Address, Organization } from "@tillkeeper/contract/http/stores";
import type { Db, Tx } from "../../db/db.ts";
import { inTurn } from "../../db/turns.ts";

/** What a store takes over from its payout destination (D3). */
export interface StoreDestination {
  payoutDestinationId: string;
  caseStatus: CaseStatus;
  /** Since when it is not ACTIVE any more; null for one that is, or has never been. */
  stoppedAt: Date | null;
  type: "company" | "individual";
  merchantCategoryCode: string | null;
  organization: Organization | null;
  address: Address | null;
  email: string | null;
  phoneNumber: string | null;
  website: string | null;
}

/**
 * Holds the destination as it is until the transaction ends: otherwise its case could move between this look and the
 * commit of a store that none of the two had seen.
 */
export function destinationForStore(
  tx: Tx,
  accountId: string,
  payoutDestinationId: string,
): Promise<StoreDestination | undefined> {
  return tx
    .selectFrom("payout_destinations")
    .select([
      "payout_destination_id as payoutDestinationId",
      "case_status as caseStatus",
      "stopped_at as stoppedAt",
      "type",
      "merchant_category_code as merchantCategoryCode",
      "organization",
      "address",
      "email",
      "phone_number as phoneNumber",
      "website",
    ])
    .where("account_id", "=", accountId)
    .where("payout_destination_id", "=", payoutDestinationId)
    .forShare()
    .executeTakeFirst();
}

/** A destination of the operator, as the public page "Create Store" shows it on a store of an account it owns (D6). */
export interface OperatorDestination {
  payout_destination_id: string;
  status: CaseStatus;
  type: "company" | "individual";
  organization_number?: string;
  name?: string;
  trade_name?: string;
  merchant_category_code?: string;
}

/**
 * The destinations of the operator that owns this account and that are linked to this store (its generated `id`), in
 * the order they were linked. Runs outside `inTenant`, because it reads rows of two accounts: call it outside of a
 * transaction, or it waits for a second connection while holding one.
 */
export async function operatorDestinationsOfStore(
  db: Db,
  { accountId, storeRef }: { accountId: string; storeRef: string },
): Promise<OperatorDestination[]> {
  const links = db.sql
    .selectFrom("operator_destination_stores as link")
    // An account that left its operator takes no links along.
    .innerJoin("accounts as account", (join) =>
      join
        .onRef("account.account_id", "=", "link.account_id")
        .onRef("account.operator_account_id", "=", "link.operator_account_id"),
    )
    .innerJoin("payout_destinations as destination", (join) =>
      join
        .onRef("destination.account_id", "=", "link.operator_account_id")
        .onRef("destination.payout_destination_id", "=", "link.payout_destination_id"),
    )
    .select([
      "destination.payout_destination_id",
      "destination.case_status",
      "destination.type",
      "destination.organization",
      "destination.merchant_category_code",
    ])
    .where("link.account_id", "=", accountId)
    .where("link.store_ref", "=", storeRef)
    .orderBy("link.created_at")
    .orderBy("link.payout_destination_id");
  const rows = await inTurn(db, accountId, () => links.execute());
  return rows.map(({ organization, ...row }) => ({
    payout_destination_id: row.payout_destination_id,
    status: row.case_status,
    type: row.type,
    ...(organization?.organization_number !== undefined && { organization_number: organization.organization_number }),
    ...(organization?.name !== undefined && { name: organization.name }),
    ...(organization?.trade_name !== undefined && { trade_name: organization.trade_name }),
    ...(row.merchant_category_code !== null && { merchant_category_code: row.merchant_category_code }),
  }));
}
