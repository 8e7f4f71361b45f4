import type { CaseStatus } from "@tillkeeper/contract/case-status";
import type { StoreCreate } from "@tillkeeper/contract/http/stores";
import type { Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { ApiError } from "../../platform/errors.ts";
import type { RegisteredUnit } from "../organizations/register.ts";
import { destinationForStore, type StoreDestination } from "../payout-destinations/for-stores.ts";
import type { StoreDeps } from "./deps.ts";
import { detailsFrom, lookUpSubUnit, type StoreDetails } from "./details.ts";
import type { StoreRow } from "./queries.ts";

/**
 * Looks up the store's sub-unit. Call it before the transaction that writes, so that no transaction waits for the
 * register. `present`: the store as it is, when one is replaced.
 */
export async function lookUpUnit(
  deps: StoreDeps,
  accountId: string,
  input: StoreCreate,
  present?: StoreRow,
): Promise<RegisteredUnit | undefined> {
  const id = input.payout_destination?.payout_destination_id;
  if (id === undefined) return undefined;
  const destination = await inTenant(deps.db, accountId, (tx) => requireDestination(tx, accountId, id));
  // With another destination, the details are the caller's own, or those of the former one.
  const tied = present?.payout_destination_id === id ? present : undefined;
  return lookUpSubUnit(deps.register, destination, input, tied);
}

/**
 * The details that a store gets from its destination, or the caller's own details without one. `stopped`: the store is
 * suspended from the beginning. Call it before any store is locked. Throws `payout_destination_*`.
 */
export async function resolveDetails(
  tx: Tx,
  accountId: string,
  input: StoreCreate,
  unit: RegisteredUnit | undefined,
): Promise<{ details: StoreDetails; stopped: boolean }> {
  const id = input.payout_destination?.payout_destination_id;
  if (id === undefined) return { details: { ...input, verified: false }, stopped: false };
  await lockDestinations(tx, accountId, [id]);
  const destination = await requireDestination(tx, accountId, id);
  return { details: detailsFrom(destination, unit, input), stopped: hasStopped(destination) };
}

/**
 * Locks destinations until the transaction ends. A change of a destination locks it before its stores, so changes of a
 * store must lock in this order, too.
 */
export async function lockDestinations(tx: Tx, accountId: string, ids: readonly (string | null)[]): Promise<void> {
  const held = ids.filter((id) => id !== null);
  if (held.length === 0) return;
  await tx
    .selectFrom("payout_destinations")
    .select("payout_destination_id")
    .where("account_id", "=", accountId)
    .where("payout_destination_id", "in", held)
    .orderBy("payout_destination_id")
    .forShare()
    .execute();
}

async function requireDestination(tx: Tx, accountId: string, id: string): Promise<StoreDestination> {
  const destination = await destinationForStore(tx, accountId, id);
  if (destination) return destination;
  throw new ApiError("payout_destination_not_found", "There is no such payout destination.", {
    errors: [{ path: "/body/payout_destination/payout_destination_id", message: "does not exist" }],
  });
}

const ended: ReadonlySet<CaseStatus> = new Set(["DECLINED", "TERMINATED", "ARCHIVED"]);

/**
 * Whether the destination has stopped being ACTIVE. A destination that is not ACTIVE yet has not stopped: a seller
 * under review may already set up its stores (D5). Only the destination decides this, because the tenant may change its
 * stores.
 */
function hasStopped({ caseStatus, stoppedAt }: StoreDestination): boolean {
  return stoppedAt !== null || ended.has(caseStatus);
}
