import { type Store, type StoreList, type StoreStatus, storeStatuses } from "@tillkeeper/contract/http/stores";
import type { Db } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { cutPage, numberAfter } from "../../platform/http/paging.ts";
import { operatorDestinationsOfStore } from "../payout-destinations/for-stores.ts";
import { presentWithTerminals, storeNotFound } from "./changes.ts";
import type { StoreDeps } from "./deps.ts";
import { presentListItem } from "./present.ts";
import { countTerminals, findStore, listStores, type StorePage } from "./queries.ts";
import { literalPattern } from "./search.ts";

type Includes = readonly "operator_payout_destinations"[];

/** One store with its live terminals. Throws `store_not_found`, also for stores of other accounts. */
export async function getStore(
  { db }: StoreDeps,
  accountId: string,
  storeId: string,
  includes: Includes = [],
): Promise<Store> {
  const store = await inTenant(db, accountId, async (tx) => {
    const row = await findStore(tx, accountId, storeId);
    return row && presentWithTerminals(tx, row);
  });
  if (!store) throw storeNotFound();
  return withIncludes(db, accountId, includes, store);
}

interface StoreQuery {
  limit: number;
  starting_after?: string;
  status?: readonly StoreStatus[];
  search?: string;
  payout_destination_id?: readonly string[];
  include_deleted?: boolean;
  includes?: Includes;
}

/** A page of stores, newest first. */
export async function getStores({ db }: StoreDeps, accountId: string, query: StoreQuery): Promise<StoreList> {
  const page: StorePage = {
    below: numberAfter(`${accountId}-`, query.starting_after),
    limit: query.limit + 1,
    statuses: wantedStatuses(query),
    // A destination named twice would list its stores twice.
    payoutDestinationIds: query.payout_destination_id && [...new Set(query.payout_destination_id)],
    pattern: query.search === undefined ? undefined : literalPattern(query.search),
  };
  const { rows, counts } = await inTenant(db, accountId, async (tx) => {
    const found = await listStores(tx, accountId, page);
    return {
      rows: found,
      counts: await countTerminals(
        tx,
        accountId,
        found.map((row) => row.id),
      ),
    };
  });
  const { page: stores, last } = cutPage(rows, query.limit);
  const countsByStore = Map.groupBy(counts, (entry) => entry.store_ref);
  const shown = [];
  // One after the other: a page must not use all connections.
  for (const row of stores) {
    const item = presentListItem(row, countsByStore.get(row.id) ?? []);
    shown.push(await withIncludes(db, accountId, query.includes ?? [], item));
  }
  return { stores: shown, ...(last && { starting_after: last.id }) };
}

/** DELETED stores show when `status` names them, or with `include_deleted` when `status` is left out (D22). */
function wantedStatuses({ status, include_deleted: includeDeleted }: StoreQuery): StoreStatus[] {
  if (status) return [...new Set(status)];
  return storeStatuses.filter((candidate) => candidate !== "DELETED" || includeDeleted);
}

/**
 * Adds the operator's destinations. They belong to another account, so they are read outside the tenant's transaction.
 */
async function withIncludes<T extends { id: string }>(db: Db, accountId: string, includes: Includes, store: T) {
  if (!includes.includes("operator_payout_destinations")) return store;
  const destinations = await operatorDestinationsOfStore(db, { accountId, storeRef: store.id });
  return { ...store, operator_payout_destinations: destinations };
}
