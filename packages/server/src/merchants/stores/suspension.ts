import type { Store } from "@tillkeeper/contract/http/stores";
import { recordChange } from "../../access/audit/audit.ts";
import type { Tx } from "../../db/db.ts";
import type { EventActor } from "../../events/write.ts";
import type { Caller } from "../../platform/http/route.ts";
import { changeStore, presentWithTerminals } from "./changes.ts";
import type { StoreDeps } from "./deps.ts";
import { tellStore } from "./events.ts";
import { suspendedBy } from "./present.ts";
import { getStoreRow, type StoreRow } from "./queries.ts";

/** Two reasons of a suspension; each ends by itself (D5). */
type Reasons = Pick<StoreRow, "suspended_by_operator" | "suspended_by_destination">;
type Suspendable = Reasons & Pick<StoreRow, "account_id" | "id" | "status">;

/** Value of `updated_by` when no caller made the change. */
const systemActor = "system";

/** SUSPENDED as long as there is a reason. */
export function statusOf(reasons: Reasons): "ACTIVE" | "SUSPENDED" {
  return reasons.suspended_by_operator || reasons.suspended_by_destination ? "SUSPENDED" : "ACTIVE";
}

/** Suspends a store on the operator's behalf. Suspending it again changes nothing. */
export function suspendStore(deps: StoreDeps, caller: Caller, storeId: string): Promise<Store> {
  return changeStore(deps, caller, { storeId, action: "store.suspend" }, (tx, store) =>
    applySuspension(tx, deps, store, { change: { suspended_by_operator: true }, by: caller }),
  );
}

/** Ends the operator's suspension. A suspension by the payout destination continues. */
export function resumeStore(deps: StoreDeps, caller: Caller, storeId: string): Promise<Store> {
  return changeStore(deps, caller, { storeId, action: "store.resume" }, (tx, store) =>
    applySuspension(tx, deps, store, { change: { suspended_by_operator: false }, by: caller }),
  );
}

/**
 * Changes the reasons of a live store that is locked. Its terminals change with the first reason and with the last.
 * Returns whether a reason has changed.
 */
export async function applySuspension(
  tx: Tx,
  deps: Pick<StoreDeps, "clock" | "suspendTerminals" | "resumeTerminals">,
  store: Suspendable,
  { change, by }: { change: Partial<Reasons>; by: EventActor },
): Promise<boolean> {
  const { suspended_by_operator, suspended_by_destination } = { ...store, ...change };
  const reasons = { suspended_by_operator, suspended_by_destination };
  const status = statusOf(reasons);
  const changed =
    suspended_by_operator !== store.suspended_by_operator ||
    suspended_by_destination !== store.suspended_by_destination;
  if (!changed) return false;
  await tx
    .updateTable("stores")
    .set({ status, ...reasons })
    .where("account_id", "=", store.account_id)
    .where("id", "=", store.id)
    .execute();
  if (status !== store.status) {
    const move = status === "SUSPENDED" ? deps.suspendTerminals : deps.resumeTerminals;
    await move(tx, deps.clock, { accountId: store.account_id, storeRef: store.id, told: by });
  }
  return true;
}

interface DestinationChange {
  accountId: string;
  payoutDestinationId: string;
  active: boolean;
  /** Of the request that changes the destination. */
  requestId: string;
}

/**
 * Returns the handler for changes of a payout destination. It runs in the transaction of the change. The stores are
 * suspended when the destination stops being ACTIVE; that reason ends when it is ACTIVE again. All stores and terminals
 * are changed before the first record is written: records lock the account's log, and every transaction takes that lock
 * last.
 */
export function onDestinationChange(
  deps: Pick<StoreDeps, "clock" | "suspendTerminals" | "resumeTerminals">,
): (tx: Tx, change: DestinationChange) => Promise<void> {
  return async (tx, { accountId, payoutDestinationId, active, requestId }) => {
    const actor = { accountId, clientId: systemActor, address: "", requestId };
    const stores = await tx
      .selectFrom("stores")
      .select(["account_id", "id", "status", "suspended_by_operator", "suspended_by_destination"])
      .where("account_id", "=", accountId)
      .where("payout_destination_id", "=", payoutDestinationId)
      .where("status", "<>", "DELETED")
      .where("suspended_by_destination", "=", active)
      .orderBy("number")
      .forNoKeyUpdate()
      .execute();
    for (const store of stores) {
      await applySuspension(tx, deps, store, { change: { suspended_by_destination: !active }, by: actor });
      await tx
        .updateTable("stores")
        .set({ updated_at: deps.clock.now(), updated_by: systemActor })
        .where("account_id", "=", accountId)
        .where("id", "=", store.id)
        .execute();
    }
    const at = deps.clock.now();
    for (const { id } of stores) {
      const store = await presentWithTerminals(tx, await getStoreRow(tx, accountId, id));
      await tellStore(tx, { ...actor, at }, active ? "store.resume" : "store.suspend", store);
    }
    for (const store of stores) {
      const after = { ...store, suspended_by_destination: !active };
      await recordChange(tx, deps.clock, actor, {
        action: active ? "store.resume" : "store.suspend",
        subject: { type: "store", id: store.id },
        before: { status: store.status, suspended_by: suspendedBy(store) },
        after: { status: statusOf(after), suspended_by: suspendedBy({ ...after, status: statusOf(after) }) },
      });
    }
  };
}
