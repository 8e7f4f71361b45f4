import type { Store, StoreCreate } from "@tillkeeper/contract/http/stores";
import { inTenant } from "../../db/tenants/tenant.ts";
import { ApiError } from "../../platform/errors.ts";
import type { Caller } from "../../platform/http/route.ts";
import { changeStore, storeIdFault, storeNotFound } from "./changes.ts";
import type { StoreDeps } from "./deps.ts";
import { lookUpUnit, resolveDetails } from "./destination.ts";
import { areDetailsOf, columnsOf } from "./details.ts";
import { findStore } from "./queries.ts";
import { applySuspension } from "./suspension.ts";
import { checkStore } from "./validation.ts";

/**
 * Replaces the fields of a store that a caller may set. Fields left out are cleared, except `store_id`. A store that is as
 * wanted already stays untouched. Throws what creating throws, and `store_not_found`.
 */
export async function replaceStore(
  deps: StoreDeps,
  caller: Caller,
  storeId: string,
  input: StoreCreate,
): Promise<Store> {
  checkStore(input);
  const { accountId } = caller;
  const known = await inTenant(deps.db, accountId, (tx) => findStore(tx, accountId, storeId));
  if (!known || known.status === "DELETED") throw storeNotFound();
  const unit = await lookUpUnit(deps, accountId, input, known);
  return changeStore(deps, caller, { storeId, action: "store.update", input }, async (tx, store) => {
    const { details, stopped } = await resolveDetails(tx, accountId, input, unit);
    const destinationId = input.payout_destination?.payout_destination_id ?? null;
    const newStoreId = input.store_id ?? store.store_id;
    const isSame =
      newStoreId === store.store_id && destinationId === store.payout_destination_id && areDetailsOf(store, details);
    if (isSame) return false;
    await tx
      .updateTable("stores")
      .set({ store_id: newStoreId, ...columnsOf(details), payout_destination_id: destinationId })
      .where("account_id", "=", accountId)
      .where("id", "=", store.id)
      .execute()
      .catch((error: unknown) => {
        throw storeIdFault(error);
      });
    // With an unchanged destination the reason is up to date already.
    if (destinationId !== store.payout_destination_id) {
      await applySuspension(tx, deps, store, { change: { suspended_by_destination: stopped }, by: caller });
    }
    return true;
  });
}

/** Deletes a store (D4). Throws `store_not_found`, `store_has_terminals`. */
export function deleteStore(deps: StoreDeps, caller: Caller, storeId: string): Promise<Store> {
  return changeStore(deps, caller, { storeId, action: "store.delete" }, async (tx, store) => {
    const live = await tx
      .selectFrom("terminals")
      .select("terminal_id")
      .where("account_id", "=", caller.accountId)
      .where("store_ref", "=", store.id)
      .where("status", "<>", "DELETED")
      .limit(1)
      .executeTakeFirst();
    if (live) throw new ApiError("store_has_terminals", "There are live terminals in this store.");
    await tx
      .updateTable("stores")
      .set({ status: "DELETED" })
      .where("account_id", "=", caller.accountId)
      .where("id", "=", store.id)
      .execute();
    return true;
  });
}
