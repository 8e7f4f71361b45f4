import type { StoreStatus } from "@tillkeeper/contract/http/stores";
import type { Tx } from "../../db/db.ts";
import { findStore } from "../../merchants/stores/stores.ts";
import { ApiError } from "../../platform/errors.ts";

/** The store that a terminal is put into. */
export interface LockedStore {
  id: string;
  status: Exclude<StoreStatus, "DELETED">;
}

/**
 * Finds a live store by the caller's or the generated id, and locks it until the transaction ends. So it is not
 * suspended or deleted while a terminal is being put into it. To be called before terminals are locked: the suspension
 * of a store locks in this order too.
 */
export async function lockStore(tx: Tx, accountId: string, storeId: string): Promise<LockedStore | undefined> {
  const found = await findStore(tx, accountId, storeId);
  if (!found) return undefined;
  const { id, status } = await tx
    .selectFrom("stores")
    .select(["id", "status"])
    .where("account_id", "=", accountId)
    .where("id", "=", found.id)
    .forShare()
    .executeTakeFirstOrThrow();
  return status === "DELETED" ? undefined : { id, status };
}

/** Throws `store_suspended`: no terminal is put into such a store. */
export function requireActive(store: LockedStore): void {
  if (store.status === "ACTIVE") return;
  throw new ApiError("store_suspended", "The store is suspended; no terminal is put into it.", {
    errors: [{ path: "/body/store_id", message: "is suspended" }],
  });
}

export function noSuchStore(): ApiError {
  return new ApiError("invalid_request", "There is no such store.", {
    errors: [{ path: "/body/store_id", message: "does not exist" }],
  });
}
