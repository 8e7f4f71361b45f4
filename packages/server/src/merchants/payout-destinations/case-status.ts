import { isSandboxAccount } from "@tillkeeper/contract/accounts";
import { type CaseStatus, caseMoves, mayMove } from "@tillkeeper/contract/case-status";
import type { PayoutDestination } from "@tillkeeper/contract/http/payout-destinations";
import { recordChange } from "../../access/audit/audit.ts";
import type { Db, Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { ApiError } from "../../platform/errors.ts";
import { type Caller, requireExpected } from "../../platform/http/route.ts";
import { type DestinationDeps, destinationNotFound, getDestination } from "./destinations.ts";
import { tellDestination } from "./events.ts";
import { presentListItem } from "./present.ts";
import { type DestinationRow, findDestination } from "./queries.ts";

/**
 * Moves a case, if the table of moves allows it. Its stores are suspended or resumed in the same transaction (D5). A
 * move to the present status changes nothing. Throws `operator_only`, `unknown_payout_destination`,
 * `case_status_not_allowed`.
 */
export async function moveCase(
  deps: DestinationDeps,
  caller: Caller,
  id: string,
  to: CaseStatus,
): Promise<PayoutDestination> {
  const { accountId } = caller;
  await requireOperator(deps.db, caller);
  await inTenant(deps.db, accountId, async (tx) => {
    const row = await tx
      .selectFrom("payout_destinations")
      .select("case_status")
      .where("account_id", "=", accountId)
      .where("payout_destination_id", "=", id)
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (!row) throw destinationNotFound();
    const locked = (await findDestination(tx, accountId, id)) as DestinationRow;
    requireExpected(caller, presentListItem(locked, { stores: 0, terminals: 0 }));
    const from = row.case_status;
    if (from === to) return;
    if (!mayMove(from, to)) throw moveNotAllowed(from, to);
    const now = deps.clock.now();
    await tx
      .updateTable("payout_destinations")
      .set({
        case_status: to,
        ...(from === "ACTIVE" && { stopped_at: now }),
        ...(to === "ACTIVE" && { stopped_at: null }),
        updated_at: now,
        updated_by: caller.clientId,
      })
      .where("account_id", "=", accountId)
      .where("payout_destination_id", "=", id)
      .execute();
    if (from === "ACTIVE" || to === "ACTIVE") {
      const active = to === "ACTIVE";
      await deps.storesOfDestinationChanged(tx, {
        accountId,
        payoutDestinationId: id,
        active,
        requestId: caller.requestId,
      });
    }
    await recordChange(tx, deps.clock, caller, {
      action: "payout_destination.case_status",
      subject: { type: "payout_destination", id },
      before: { case_status: from },
      after: { case_status: to },
    });
    const moved = (await findDestination(tx, accountId, id)) as DestinationRow;
    await tellDestination(tx, deps, caller, { cause: "payout_destination.case_status", row: moved });
  });
  return getDestination(deps, accountId, id);
}

/**
 * On live accounts an account may not decide its own case: the client must belong to the operator that owns the
 * account. Sandbox accounts may.
 */
async function requireOperator(db: Db, caller: Caller): Promise<void> {
  if (await inTenant(db, caller.accountId, (tx) => mayDecide(tx, caller))) return;
  throw new ApiError("operator_only", "On a live account only its operator moves the case of a payout destination.");
}

/** Whether the caller may decide the cases of the account. */
export async function mayDecide(tx: Tx, { accountId, clientAccountId }: Caller): Promise<boolean> {
  if (isSandboxAccount(accountId)) return true;
  const account = await tx
    .selectFrom("accounts")
    .select("operator_account_id")
    .where("account_id", "=", accountId)
    .executeTakeFirst();
  return account?.operator_account_id === clientAccountId;
}

function moveNotAllowed(from: CaseStatus, to: CaseStatus): ApiError {
  return new ApiError("case_status_not_allowed", `A case cannot move from ${from} to ${to}.`, {
    errors: [{ path: "/body/case_status", message: "is not reached from here", from, to, allowed: caseMoves[from] }],
  });
}
