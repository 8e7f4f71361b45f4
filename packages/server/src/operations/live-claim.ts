import { deviceAddress } from "@tillkeeper/contract/addresses";
import { repeatable } from "@tillkeeper/contract/operations";
import type { Tx } from "../db/db.ts";
import type { LiveClaim } from "./queries.ts";

/**
 * Finds the live operation of a terminal and locks its claim. Until the transaction ends, it is not sent and does not
 * end.
 */
export function findLiveClaim(tx: Tx, accountId: string, terminalId: string): Promise<LiveClaim | undefined> {
  return (
    tx
      .selectFrom("operation_claims")
      .selectAll()
      .where("account_id", "=", accountId)
      .where("terminal_id", "=", terminalId)
      .where("deadline", "is not", null)
      .$narrowType<{ deadline: Date }>()
      // Locked, so that no server sends it before the decision that follows.
      .forUpdate()
      .executeTakeFirst()
  );
}

/** Whether the device may have begun the operation, and may still report its result. */
export function mayHaveBegun({ operation, started_at, address, terminal_id }: LiveClaim): boolean {
  return started_at !== null || (!repeatable[operation] && address !== deviceAddress(terminal_id ?? "", 0));
}
