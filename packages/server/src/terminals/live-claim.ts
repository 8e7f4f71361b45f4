import { deviceAddress } from "@tillkeeper/contract/addresses";
import { repeatable } from "@tillkeeper/contract/operations";
import type { Selectable } from "kysely";
import type { Tx } from "../db/db.ts";
import type { Tables } from "../db/schema.ts";

export type LiveClaim = Selectable<Tables["operation_claims"]> & { deadline: Date };

/** The operation that the terminal is busy with; nobody sends it, and nothing ends it, until the transaction does. */
export function findLiveClaim(tx: Tx, accountId: string, terminalId: string): Promise<LiveClaim | undefined> {
  return (
    tx
      .selectFrom("operation_claims")
      .selectAll()
      .where("account_id", "=", accountId)
      .where("terminal_id", "=", terminalId)
      .where("deadline", "is not", null)
      .$narrowType<{ deadline: Date }>()
      // Nobody sends it between this look and what follows from it.
      .forUpdate()
      .executeTakeFirst()
  );
}

/** The device may come back to say what came of it. */
export function mayHaveBegun({ operation, started_at, address, terminal_id }: LiveClaim): boolean {
  return started_at !== null || (!repeatable[operation] && address !== deviceAddress(terminal_id ?? "", 0));
}
