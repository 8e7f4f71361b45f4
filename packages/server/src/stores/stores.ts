import type { Store, StoreCreate, StoreList, StoreListItem } from "@tillkeeper/contract/http/stores";
import { type TerminalStatus, terminalStatuses } from "@tillkeeper/contract/terminal-status";
import { recordChange } from "../audit/audit.ts";
import type { Db, Tx } from "../db/db.ts";
import { inTenant } from "../db/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { cutPage } from "../platform/http/paging.ts";
import type { Caller } from "../platform/http/route.ts";
import { documentedTime } from "../platform/timestamps.ts";
import { detailsFromDestination } from "./payout-destinations.ts";
import { findStore, listStores, nextStoreNumber, type StoreRow } from "./queries.ts";
import { checkStore } from "./validation.ts";

export { findStore } from "./queries.ts";

export interface StoreDeps {
  db: Db;
  clock: Clock;
}

/** Creates a store (D1-D4). Throws `invalid_request`, `store_id_taken`, `payout_destination_*`. */
export async function createStore(deps: StoreDeps, caller: Caller, input: StoreCreate): Promise<Store> {
  checkStore(input);
  return inTenant(deps.db, caller.accountId, async (tx) => {
    const details = input.payout_destination ? await detailsFromDestination(tx, caller.accountId, input) : input;
    const storeId = await insertStore(tx, deps.clock, caller, { ...input, ...details });
    const store = present((await findStore(tx, caller.accountId, storeId)) as StoreRow);
    await recordChange(tx, deps.clock, caller, {
      action: "store.create",
      subject: { type: "store", id: store.id },
      after: store,
    });
    return store;
  });
}

/** Answers the `store_id` it was inserted under. */
async function insertStore(tx: Tx, clock: Clock, caller: Caller, store: StoreCreate): Promise<string> {
  const json = (value: object | undefined) => (value ? JSON.stringify(value) : null);
  const now = clock.now();
  for (;;) {
    const number = await nextStoreNumber(tx, caller.accountId);
    const id = `${caller.accountId}-${String(number).padStart(4, "0")}`;
    const storeId = store.store_id ?? id;
    const inserted = await tx
      .insertInto("stores")
      .values({
        account_id: caller.accountId,
        id,
        number,
        store_id: storeId,
        status: "ACTIVE",
        verified: store.payout_destination !== undefined,
        organization: json(store.organization),
        store_name: store.store_name ?? null,
        email: store.email ?? null,
        phone_number: store.phone_number ?? null,
        address: json(store.address),
        coordinates: json(store.coordinates),
        website: store.website ?? null,
        payout_destination_id: store.payout_destination?.payout_destination_id ?? null,
        created_at: now,
        created_by: caller.clientId,
        updated_at: now,
        updated_by: caller.clientId,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning("id")
      .executeTakeFirst();
    if (inserted) return storeId;
    if (store.store_id !== undefined) {
      throw new ApiError("store_id_taken", "A store with this store_id exists already.", {
        errors: [{ path: "/body/store_id", message: "is taken" }],
      });
    }
    // A caller chose an id of our form for another store: take the next number.
  }
}

/** Throws `store_not_found`, also for stores of other accounts. */
export async function getStore(deps: StoreDeps, accountId: string, storeId: string): Promise<Store> {
  const row = await inTenant(deps.db, accountId, (tx) => findStore(tx, accountId, storeId));
  if (!row) throw storeNotFound();
  return present(row);
}

export function storeNotFound(): ApiError {
  return new ApiError("store_not_found", "There is no such store.");
}

export async function getStores(
  deps: StoreDeps,
  accountId: string,
  query: { limit: number; starting_after?: string; include_deleted?: boolean },
): Promise<StoreList> {
  const cursor = query.starting_after === undefined ? undefined : storeNumber(query.starting_after, accountId);
  const page = { below: cursor, limit: query.limit + 1, includeDeleted: query.include_deleted ?? false };
  const rows = await inTenant(deps.db, accountId, (tx) => listStores(tx, accountId, page));
  const { page: stores, last } = cutPage(rows, query.limit);
  return { stores: stores.map(presentListItem), ...(last && { starting_after: last.id }) };
}

/** The cursor is the generated id of the last store on the page before. */
function storeNumber(cursor: string, accountId: string): number {
  const digits = cursor.startsWith(`${accountId}-`) ? cursor.slice(accountId.length + 1) : "";
  if (/^\d{4,9}$/.test(digits)) return Number(digits);
  throw new ApiError("invalid_request", "The request is not valid; see `errors`.", {
    errors: [{ path: "/query/starting_after", message: "is not a value that a page of this list gave" }],
  });
}

function presentFields(row: StoreRow) {
  const live = row.terminals.length;
  return {
    store_id: row.store_id,
    id: row.id,
    created_at: documentedTime(row.created_at),
    created_by: row.created_by,
    updated_at: documentedTime(row.updated_at),
    updated_by: row.updated_by,
    status: row.status,
    verified: row.verified,
    number_of_terminals: live,
    ...(row.organization && { organization: row.organization }),
    ...(row.store_name !== null && { store_name: row.store_name }),
    ...(row.email !== null && { email: row.email }),
    ...(row.phone_number !== null && { phone_number: row.phone_number }),
    ...(row.address && { address: row.address }),
    ...(row.coordinates && { coordinates: row.coordinates }),
    ...(row.website !== null && { website: row.website }),
    ...(row.payout_destination_id !== null && {
      payout_destination: {
        payout_destination_id: row.payout_destination_id,
        status: row.destination_status ?? "",
        type: row.destination_type ?? "",
        ...(row.merchant_category_code !== null && { merchant_category_code: row.merchant_category_code }),
      },
    }),
  };
}

function present(row: StoreRow): Store {
  return { ...presentFields(row), terminals: row.terminals };
}

function presentListItem(row: StoreRow): StoreListItem {
  const count = (status: TerminalStatus) => row.terminals.filter((terminal) => terminal.status === status).length;
  const summary = terminalStatuses.map((status) => ({ status, count: count(status) }));
  return { ...presentFields(row), terminals_summary: summary.filter((entry) => entry.count > 0) };
}
