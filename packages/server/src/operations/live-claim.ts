import { deviceAddress } from "@tillkeeper/contract/addresses";
import { repeatable } from "@tillkeeper/contract/operations";
import type { Selectable } from "kysely";
import type { Tx } from "../db/db.ts";
import type { Tables } from "../db/tables/schema.ts";

export type LiveClaim = Pick<
  Selectable<Tables["operation_claims"]>,
  "operation_id" | "terminal_id" | "operation" | "client_id" | "deadline" | "started_at" | "attempts" | "address"
>;

/** The operation that the terminal is busy with; nobody sends it, and nothing ends it, until the transaction does. */
export function findLiveClaim(tx: Tx, accountId: string, terminalId: string): Promise<LiveClaim | undefined> {
  return (
    tx
      .selectFrom("operation_claims")
      .select([
        "operation_id",
        "terminal_id",
        "operation",
        "client_id",
        "deadline",
        "started_at",
        "attempts",
        "address",
      ])
      .where("account_id", "=", accountId)
      .where("terminal_id", "=", terminalId)
      // Nobody sends it between this look and what follows from it.
      .forUpdate()
      .executeTakeFirst()
  );
}

/** The device may come back to say what came of it. */
export function mayHaveBegun({ operation, started_at, address, terminal_id }: LiveClaim): boolean {
  return started_at !== null || (!repeatable[operation] && address !== deviceAddress(terminal_id ?? "", 0));
}
