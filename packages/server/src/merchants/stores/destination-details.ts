import { sql } from "kysely";
import { recordChange } from "../../access/audit/audit.ts";
import type { Tx } from "../../db/db.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Caller } from "../../platform/http/route.ts";
import { presentWithTerminals } from "./changes.ts";
import { tellStore } from "./events.ts";
import { getStoreRow } from "./queries.ts";

/** What a store takes over from its payout destination (D3). */
const takenOver = ["address", "email", "phone_number", "website"] as const;

/**
 * Returns the handler for changed details of a payout destination: the stores that took them over show the new ones. A store
 * that is a sub-unit has its own, from the register. It runs in the transaction of the change, which has locked the
 * destination; stores are locked after it, and all are changed before the first record is written, as for a suspension.
 */
export function onDestinationDetails({
  clock,
}: {
  clock: Clock;
}): (tx: Tx, caller: Caller, payoutDestinationId: string) => Promise<void> {
  return async (tx, caller, payoutDestinationId) => {
    const { accountId } = caller;
    const destination = await tx
      .selectFrom("payout_destinations")
      .select([...takenOver, sql<string | null>`organization ->> 'organization_number'`.as("number")])
      .where("account_id", "=", accountId)
      .where("payout_destination_id", "=", payoutDestinationId)
      .executeTakeFirstOrThrow();
    const { number, address, ...texts } = destination;
    const stores = await tx
      .selectFrom("stores")
      .select(["id", ...takenOver])
      .where("account_id", "=", accountId)
      .where("payout_destination_id", "=", payoutDestinationId)
      .where("status", "<>", "DELETED")
      .where(sql<boolean>`(organization ->> 'organization_number') is not distinct from ${number}::text`)
      .orderBy("number")
      .forNoKeyUpdate()
      .execute();
    if (stores.length === 0) return;
    await tx
      .updateTable("stores")
      .set({
        ...texts,
        address: address && JSON.stringify(address),
        updated_at: clock.now(),
        updated_by: caller.clientId,
      })
      .where("account_id", "=", accountId)
      .where(
        "id",
        "in",
        stores.map(({ id }) => id),
      )
      .execute();
    for (const { id } of stores) {
      const store = await presentWithTerminals(tx, await getStoreRow(tx, accountId, id));
      await tellStore(tx, { ...caller, at: clock.now() }, "store.update", store);
    }
    for (const { id, ...before } of stores) {
      const subject = { type: "store", id };
      await recordChange(tx, clock, caller, { action: "store.update", subject, before, after: { address, ...texts } });
    }
  };
}
