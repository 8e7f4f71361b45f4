import type { TransferGrant } from "../../access/auth/tokens/transfer-tokens.ts";
import type { Tx } from "../../db/db.ts";

/**
 * Whether a transfer token's address is still the terminal's. A deleted terminal keeps its address for its last
 * operation alone (docs/adr/0007-deleting-a-terminal.md).
 */
export async function holdsTransfer(
  tx: Tx,
  { accountId, terminalId, operationId, address }: TransferGrant,
): Promise<boolean> {
  const row = await tx
    .selectFrom("terminals")
    .innerJoin("terminal_credentials as credential", (join) =>
      join
        .onRef("credential.account_id", "=", "terminals.account_id")
        .onRef("credential.terminal_id", "=", "terminals.terminal_id"),
    )
    .select("terminals.terminal_id")
    .where("terminals.account_id", "=", accountId)
    .where("terminals.terminal_id", "=", terminalId)
    .where("credential.address", "=", address)
    .where((eb) => eb.or([eb("terminals.status", "<>", "DELETED"), eb("credential.ends_with", "=", operationId)]))
    .executeTakeFirst();
  return row !== undefined;
}
