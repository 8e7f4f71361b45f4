import type { Store, StoreCreate } from "@tillkeeper/contract/http/stores";
import { recordChange } from "../../access/audit/audit.ts";
import type { Tx } from "../../db/db.ts";
import { retried } from "../../db/retry.ts";
import { inTenant } from "../../db/walls/tenant.ts";
import { ApiError } from "../../platform/errors.ts";
import type { Caller } from "../../platform/http/route.ts";
import type { StoreDeps } from "./deps.ts";
import { holdDestinations } from "./destination.ts";
import { presentStore } from "./present.ts";
import { findStore, getStoreRow, type StoreRow, terminalsOfStore } from "./queries.ts";

interface StoreChange {
  storeId: string;
  /** As the audit log names it. */
  action: string;
  /** The body, when it may name another destination. */
  input?: StoreCreate;
}

/**
 * Changes one live store, records it and answers the store as it is then; `change` answers whether it changed anything.
 * The row is locked against other changes and against terminals being put into it. Throws `store_not_found`.
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
      await holdDestinations(tx, accountId, [found.payout_destination_id, named ?? null]);
      const store = await lockLiveStore(tx, accountId, found.id);
      const before = await shownStore(tx, store);
      if (!(await change(tx, store))) return before;
      await tx
        .updateTable("stores")
        .set({ updated_at: deps.clock.now(), updated_by: clientId })
        .where("account_id", "=", accountId)
        .where("id", "=", store.id)
        .execute();
      const after = await shownStore(tx, await getStoreRow(tx, accountId, store.id));
      const subject = { type: "store", id: store.id };
      const [was, is] = [recorded(before), recorded(after)];
      await recordChange(tx, deps.clock, caller, { action, subject, before: was, after: is });
      return after;
    }),
  );
}

/**
 * The store once nobody else is changing it. Who changes a terminal of it must not wait for that: a terminal that is changed twice in
 * a transaction has its store looked up. Throws `store_not_found` for a DELETED one.
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

/** Terminals have a record of their own, and a store may have thousands. */
function recorded(store: Store): Partial<Store> {
  const shown: Partial<Store> = { ...store };
  delete shown.terminals;
  return shown;
}

/** As answers show it. */
export async function shownStore(tx: Tx, row: StoreRow): Promise<Store> {
  return presentStore(row, await terminalsOfStore(tx, row.account_id, row.id));
}

export function storeNotFound(): ApiError {
  return new ApiError("store_not_found", "There is no such store.");
}

export function storeIdTaken(): ApiError {
  return new ApiError("store_id_taken", "A store with this store_id exists already.", {
    errors: [{ path: "/body/store_id", message: "is taken" }],
  });
}
