import type { Store, StoreCreate } from "@tillkeeper/contract/http/stores";
import { recordChange } from "../../access/audit/audit.ts";
import type { Tx } from "../../db/db.ts";
import { retried } from "../../db/retry.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Caller } from "../../platform/http/route.ts";
import { presentWithTerminals, storeIdFault } from "./changes.ts";
import type { StoreDeps } from "./deps.ts";
import { lookUpUnit, resolveDetails } from "./destination.ts";
import { columnsOf, type StoreDetails } from "./details.ts";
import { tellStore } from "./events.ts";
import { getStoreRow, nextStoreNumber } from "./queries.ts";
import { statusOf } from "./suspension.ts";
import { checkStore } from "./validation.ts";

export type { StoreDeps } from "./deps.ts";
export { findStore, storesByNumber } from "./queries.ts";

/**
 * Creates a store (D1-D4). Throws `invalid_request`, `store_id_taken`, `payout_destination_*`, `organization_*`,
 * `register_unavailable`.
 */
export async function createStore(deps: StoreDeps, caller: Caller, input: StoreCreate): Promise<Store> {
  checkStore(input);
  const unit = await lookUpUnit(deps, caller.accountId, input);
  return retried(() =>
    inTenant(deps.db, caller.accountId, async (tx) => {
      const { details, stopped } = await resolveDetails(tx, caller.accountId, input, unit);
      const id = await insertStore(tx, deps.clock, caller, { input, details, stopped });
      const store = await presentWithTerminals(tx, await getStoreRow(tx, caller.accountId, id));
      const subject = { type: "store", id };
      await recordChange(tx, deps.clock, caller, { action: "store.create", subject, after: store });
      await tellStore(tx, { ...caller, at: deps.clock.now() }, "store.create", store);
      return store;
    }),
  );
}

interface NewStore {
  input: StoreCreate;
  details: StoreDetails;
  stopped: boolean;
}

/** Returns the generated id. */
async function insertStore(
  tx: Tx,
  clock: Clock,
  caller: Caller,
  { input, details, stopped }: NewStore,
): Promise<string> {
  const { accountId, clientId } = caller;
  const now = clock.now();
  const suspension = { suspended_by_operator: false, suspended_by_destination: stopped };
  const number = await nextStoreNumber(tx, accountId);
  const id = `${accountId}-${String(number).padStart(4, "0")}`;
  await tx
    .insertInto("stores")
    .values({
      account_id: accountId,
      id,
      number,
      store_id: input.store_id ?? id,
      status: statusOf(suspension),
      ...suspension,
      ...columnsOf(details),
      payout_destination_id: input.payout_destination?.payout_destination_id ?? null,
      created_at: now,
      created_by: clientId,
      updated_at: now,
      updated_by: clientId,
    })
    .execute()
    .catch((error: unknown) => {
      throw storeIdFault(error);
    });
  return id;
}
