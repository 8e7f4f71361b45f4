import type { Change } from "../../access/audit/audit.ts";
import { recordInLogs } from "../../access/audit/record-in-logs.ts";
import type { Db, Tx } from "../../db/db.ts";
import { inTurn } from "../../db/turns.ts";
import { writeEvents } from "../../events/write.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError } from "../../platform/errors.ts";
import { type Caller, requireWholeAccount } from "../../platform/http/route.ts";
import { destinationNotFound } from "./destinations.ts";
import { destinationExists } from "./queries.ts";

interface LinkDeps {
  db: Db;
  clock: Clock;
}

/** An operator's destination and a store of an account that it owns. */
export interface StoreLink {
  payoutDestinationId: string;
  accountId: string;
  /** The store's id as the caller gave it, or the generated one. */
  storeId: string;
}

/** Links the store; linking it again changes nothing. */
export function linkStore(deps: LinkDeps, caller: Caller, link: StoreLink): Promise<void> {
  return changeLink(deps, caller, link, "link", async (tx, storeRef) => {
    const inserted = await tx
      .insertInto("operator_destination_stores")
      .values({
        operator_account_id: caller.accountId,
        payout_destination_id: link.payoutDestinationId,
        account_id: link.accountId,
        store_ref: storeRef,
        created_at: deps.clock.now(),
        created_by: caller.clientId,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return (inserted.numInsertedOrUpdatedRows ?? 0n) > 0n;
  });
}

/** Removes the link; without a link nothing changes. */
export function unlinkStore(deps: LinkDeps, caller: Caller, link: StoreLink): Promise<void> {
  return changeLink(deps, caller, link, "unlink", async (tx, storeRef) => {
    const deleted = await tx
      .deleteFrom("operator_destination_stores")
      .where("operator_account_id", "=", caller.accountId)
      .where("payout_destination_id", "=", link.payoutDestinationId)
      .where("account_id", "=", link.accountId)
      .where("store_ref", "=", storeRef)
      .executeTakeFirst();
    return deleted.numDeletedRows > 0n;
  });
}

/**
 * Changes a link and records it in both accounts' logs. A link joins rows of two accounts, so the transaction runs
 * outside `inTenant`, and each statement names the accounts itself. Throws `unknown_payout_destination`,
 * `account_not_found` (also for accounts of other operators) and `store_not_found`.
 */
async function changeLink(
  { db, clock }: LinkDeps,
  caller: Caller,
  link: StoreLink,
  verb: "link" | "unlink",
  change: (tx: Tx, storeRef: string) => Promise<boolean>,
): Promise<void> {
  requireWholeAccount(caller);
  const { payoutDestinationId, accountId } = link;
  const work = async (tx: Tx) => {
    if (!(await destinationExists(tx, caller.accountId, payoutDestinationId))) throw destinationNotFound();
    await requireOwned(tx, caller.accountId, accountId);
    const storeRef = await findLiveStore(tx, accountId, link.storeId);
    if (!(await change(tx, storeRef))) return;
    await recordInLogs(tx, clock, caller, changesOf(verb, { ...link, storeRef, operatorAccountId: caller.accountId }));
    await writeEvents(tx, [
      {
        accountId,
        type: "account_store_update",
        cause: `store.${verb}_operator_payout_destination`,
        at: clock.now(),
        subject: storeRef,
        storeRef,
        // As the log of that account names who did it.
        actor: `${caller.accountId}/${caller.clientId}`,
        requestId: caller.requestId,
      },
    ]);
  };
  await inTurn(db, caller.accountId, () => db.sql.transaction().execute(work));
}

type Linked = StoreLink & { storeRef: string; operatorAccountId: string };

/** The entries for the operator's log and for the log of the store's account. */
function changesOf(verb: "link" | "unlink", link: Linked): (Change & { accountId: string })[] {
  const { operatorAccountId, payoutDestinationId, accountId, storeRef } = link;
  const entry = (what: object) => (verb === "link" ? { after: what } : { before: what });
  return [
    {
      accountId: operatorAccountId,
      action: `payout_destination.${verb}_store`,
      subject: { type: "payout_destination", id: payoutDestinationId },
      ...entry({ account_id: accountId, store_id: storeRef }),
    },
    {
      accountId,
      action: `store.${verb}_operator_payout_destination`,
      subject: { type: "store", id: storeRef },
      ...entry({ operator_account_id: operatorAccountId, payout_destination_id: payoutDestinationId }),
    },
  ];
}

async function requireOwned(tx: Tx, operatorAccountId: string, accountId: string): Promise<void> {
  const owned = await tx
    .selectFrom("accounts")
    .select("account_id")
    .where("account_id", "=", accountId)
    .where("operator_account_id", "=", operatorAccountId)
    .executeTakeFirst();
  if (!owned) throw new ApiError("account_not_found", "There is no such account.");
}

/** Accepts both forms of the id (D1), and prefers the caller's own. Returns the generated id. */
async function findLiveStore(tx: Tx, accountId: string, storeId: string): Promise<string> {
  const stores = await tx
    .selectFrom("stores")
    .select(["id", "store_id"])
    .where("account_id", "=", accountId)
    .where("status", "<>", "DELETED")
    .where((eb) => eb.or([eb("store_id", "=", storeId), eb("id", "=", storeId)]))
    .execute();
  const store = stores.find((candidate) => candidate.store_id === storeId) ?? stores[0];
  if (!store) throw new ApiError("store_not_found", "There is no such store.");
  return store.id;
}
