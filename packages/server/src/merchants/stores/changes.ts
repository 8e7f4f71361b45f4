import type { Store, StoreCreate } from "@tillkeeper/contract/http/stores";
import { recordChange } from "../../access/audit/audit.ts";
import type { Tx } from "../../db/db.ts";
import { isCheckViolation, isUniqueViolation } from "../../db/failures.ts";
import { retried } from "../../db/retry.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { ApiError } from "../../platform/errors.ts";
import { type Caller, requireExpected } from "../../platform/http/route.ts";
import type { StoreDeps } from "./deps.ts";
import { lockDestinations } from "./destination.ts";
import { tellStore } from "./events.ts";
import { presentStore } from "./present.ts";
import { findStore, getStoreRow, type StoreRow, terminalsOfStore } from "./queries.ts";

interface StoreChange {
  storeId: string;
  /** Name of the action in the audit log. */
  action: string;
  /** The request's body, when it may name another destination. */
  input?: StoreCreate;
}

/**
 * Changes one live store, records the change, and returns the store. `change` returns whether it changed anything. The
 * row is locked against other changes, and against terminals being added. Throws `store_not_found`.
 */
export function changeStore(
  deps: StoreDeps,
  caller: Caller,
  { storeId, action, input }: StoreChange,
  change: (tx: Tx, store: StoreRow) => Promise<boolean>,
): Promise<Store> {
  const { accountId, clientId } = caller;
  return retried(() =>
    inTenant(deps.db, accountId, async (tx) => {
      const found = await findStore(tx, accountId, storeId);
      if (!found) throw storeNotFound();
      const named = input?.payout_destination?.payout_destination_id;
      await lockDestinations(tx, accountId, [found.payout_destination_id, named ?? null]);
      const store = await lockLiveStore(tx, accountId, found.id);
      const before = await presentWithTerminals(tx, store);
      requireExpected(caller, before);
      if (!(await change(tx, store))) return before;
      await tx
        .updateTable("stores")
        .set({ updated_at: deps.clock.now(), updated_by: clientId })
        .where("account_id", "=", accountId)
        .where("id", "=", store.id)
        .execute();
      const after = await presentWithTerminals(tx, await getStoreRow(tx, accountId, store.id));
      const subject = { type: "store", id: store.id };
      const [was, is] = [withoutTerminals(before), withoutTerminals(after)];
      await recordChange(tx, deps.clock, caller, { action, subject, before: was, after: is });
      await tellStore(tx, { ...caller, at: deps.clock.now() }, action, after);
      return after;
    }),
  );
}

/**
 * Locks a live store against other changes and returns it. Changes of its terminals do not wait for this lock.
 * PostgreSQL checks the reference to the store when a terminal changes twice in a transaction, and that check must not
 * wait. Throws `store_not_found` for a DELETED store.
 */
export async function lockLiveStore(tx: Tx, accountId: string, id: string): Promise<StoreRow> {
  await tx
    .selectFrom("stores")
    .select("id")
    .where("account_id", "=", accountId)
    .where("id", "=", id)
    .forNoKeyUpdate()
    .execute();
  const store = await getStoreRow(tx, accountId, id);
  if (store.status === "DELETED") throw storeNotFound();
  return store;
}

/** Records leave terminals out: they have records of their own, and a store may have thousands. */
function withoutTerminals(store: Store): Partial<Store> {
  const shown: Partial<Store> = { ...store };
  delete shown.terminals;
  return shown;
}

/** A store in the form that answers show. */
export async function presentWithTerminals(tx: Tx, row: StoreRow): Promise<Store> {
  return presentStore(row, await terminalsOfStore(tx, row.account_id, row.id));
}

export function storeNotFound(): ApiError {
  return new ApiError("store_not_found", "There is no such store.");
}

/**
 * What to throw when a store cannot be written: `store_id_taken` if another live store has the id, or if it has the form of
 * the generated ids and is not the store's own (D37); else the error itself.
 */
export function storeIdFault(error: unknown): unknown {
  if (isUniqueViolation(error, "stores_live_store_id")) {
    return storeIdTaken("A store with this store_id exists already.", "is taken");
  }
  if (isCheckViolation(error, "stores_store_id_of_another")) {
    const message = "has the form of the ids that the server makes, and is not this store's own";
    return storeIdTaken("This store_id is kept for the id that the server gives a store.", message);
  }
  return error;
}

function storeIdTaken(text: string, message: string): ApiError {
  return new ApiError("store_id_taken", text, { errors: [{ path: "/body/store_id", message }] });
}
