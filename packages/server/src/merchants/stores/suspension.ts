import type { Store } from "@tillkeeper/contract/http/stores";
import { recordChange } from "../../access/audit/audit.ts";
import type { Tx } from "../../db/db.ts";
import type { Caller } from "../../platform/http/route.ts";
import { changeStore } from "./changes.ts";
import type { StoreDeps } from "./deps.ts";
import { suspendedBy } from "./present.ts";
import type { StoreRow } from "./queries.ts";

/** Two reasons, each ending by itself (D5). */
type Reasons = Pick<StoreRow, "suspended_by_operator" | "suspended_by_destination">;
type Suspendable = Reasons & Pick<StoreRow, "account_id" | "id" | "status">;

/** What writes `updated_by` when no caller does. */
const itself = "system";

/** SUSPENDED as long as there is a reason. */
export function statusOf(reasons: Reasons): "ACTIVE" | "SUSPENDED" {
  return reasons.suspended_by_operator || reasons.suspended_by_destination ? "SUSPENDED" : "ACTIVE";
}

/** By the operator. A store that it has suspended already stays as it is. */
export function suspendStore(deps: StoreDeps, caller: Caller, storeId: string): Promise<Store> {
  return changeStore(deps, caller, { storeId, action: "store.suspend" }, (tx, store) =>
    applySuspension(tx, deps, store, { suspended_by_operator: true }),
  );
}

/** Ends the operator's suspension; that by the payout destination, if there is one, goes on. */
export function resumeStore(deps: StoreDeps, caller: Caller, storeId: string): Promise<Store> {
  return changeStore(deps, caller, { storeId, action: "store.resume" }, (tx, store) =>
    applySuspension(tx, deps, store, { suspended_by_operator: false }),
  );
}

/** Changes reasons of a live store that is locked, and with the last or first of them its terminals. */
export async function applySuspension(
  tx: Tx,
  deps: Pick<StoreDeps, "clock" | "suspendTerminals" | "resumeTerminals">,
  store: Suspendable,
  change: Partial<Reasons>,
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
    await move(tx, deps.clock, { accountId: store.account_id, storeRef: store.id });
  }
  return true;
}

interface DestinationChange {
  accountId: string;
  payoutDestinationId: string;
  active: boolean;
}

/**
 * What the payout destinations call, in the transaction that changes one: its stores are suspended when it stops being
 * ACTIVE, and that reason ends when it is ACTIVE again. All stores and terminals are changed before anything is recorded,
 * because records lock the account's log and everybody takes that lock last.
 */
export function destinationChanged(
  deps: Pick<StoreDeps, "clock" | "suspendTerminals" | "resumeTerminals">,
): (tx: Tx, change: DestinationChange) => Promise<void> {
  return async (tx, { accountId, payoutDestinationId, active }) => {
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
      await applySuspension(tx, deps, store, { suspended_by_destination: !active });
      await tx
        .updateTable("stores")
        .set({ updated_at: deps.clock.now(), updated_by: itself })
        .where("account_id", "=", accountId)
        .where("id", "=", store.id)
        .execute();
    }
    for (const store of stores) {
      const after = { ...store, suspended_by_destination: !active };
      await recordChange(
        tx,
        deps.clock,
        { accountId, clientId: itself, address: "", requestId: "" },
        {
          action: active ? "store.resume" : "store.suspend",
          subject: { type: "store", id: store.id },
          before: { status: store.status, suspended_by: suspendedBy(store) },
          after: { status: statusOf(after), suspended_by: suspendedBy({ ...after, status: statusOf(after) }) },
        },
      );
    }
  };
}
