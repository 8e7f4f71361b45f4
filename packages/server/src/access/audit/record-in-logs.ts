import type { Tx } from "../../db/db.ts";
import { asAccount } from "../../db/tenants/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { type Actor, type Change, recordChange } from "./audit.ts";

/**
 * Writes changes into the logs of all accounts concerned, in the transaction that makes them. The log of another
 * account names the actor as `{account}/{client}`. Client ids have no slash, so the name cannot be a client of that
 * account.
 */
export async function recordInLogs(
  tx: Tx,
  clock: Clock,
  actor: Actor,
  changes: readonly (Change & { accountId: string })[],
): Promise<void> {
  // Each append locks the log's head, so all transactions must lock the logs in one order.
  for (const { accountId, ...change } of changes.toSorted((one, other) => (one.accountId < other.accountId ? -1 : 1))) {
    if (accountId === actor.accountId) await recordChange(tx, clock, actor, change);
    else
      await asAccount(tx, actor.accountId, accountId, () => recordChange(tx, clock, actorIn(accountId, actor), change));
  }
}

function actorIn(accountId: string, actor: Actor): Actor {
  return { ...actor, accountId, clientId: `${actor.accountId}/${actor.clientId}` };
}
