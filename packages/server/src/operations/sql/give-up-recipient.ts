import { CompiledQuery, type Kysely } from "kysely";
import type { Tables } from "../../db/schema.ts";
import { isRepeatable } from "./release.ts";

/**
 * The row lock puts it in order with whoever sends: that something is sent is counted before it is sent. By terminal, whose
 * claim is the only one that is live.
 */
const text = `
update operation_claims as claim set recipient_gone_at = $3, due_at = null
where claim.account_id = $1 and claim.terminal_id = $2
  and claim.attempts > 0 and claim.recipient_gone_at is null and not ${isRepeatable("claim")}`;

interface Former {
  accountId: string;
  terminalId: string;
  at: Date;
}

/**
 * The device that a terminal was is locked out. What it may have begun, and must not be done twice, is never sent to the
 * next one: it ends with what a device reports that knows of it, or by its deadline. What was not sent yet still will be.
 */
export async function giveUpRecipient(db: Kysely<Tables>, { accountId, terminalId, at }: Former): Promise<void> {
  await db.executeQuery(CompiledQuery.raw(text, [accountId, terminalId, at]));
}
