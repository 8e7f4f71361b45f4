import { deviceAddress } from "@tillkeeper/contract/addresses";
import { repeatable } from "@tillkeeper/contract/operations";
import type { Tx } from "../db/db.ts";
import { type LiveClaim, selectLive } from "./queries.ts";

/**
 * Finds the live operation of a terminal and locks its claim. Until the transaction ends, it is not sent and does not
 * end.
 */
export function findLiveClaim(tx: Tx, accountId: string, terminalId: string): Promise<LiveClaim | undefined> {
  // Locked, so that no server sends it before the decision that follows.
  return selectLive(tx, accountId, terminalId).forUpdate().executeTakeFirst();
}

/** Whether the device may have begun the operation, and may still report its result. */
export function mayHaveBegun({
  operation,
  started_at,
  invalid_result_at: unreadAt,
  address,
  terminal_id,
}: LiveClaim): boolean {
  if (started_at !== null || unreadAt !== null) return true;
  return !repeatable[operation] && address !== deviceAddress(terminal_id ?? "", 0);
}
