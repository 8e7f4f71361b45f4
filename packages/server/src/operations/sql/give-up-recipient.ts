import { CompiledQuery, type Kysely } from "kysely";
import type { Tables } from "../../db/schema.ts";
import { isRecipientGone } from "./release.ts";

/** By terminal, whose claim is the only one that is live. */
const text = `
update operation_claims as claim set recipient_gone_at = $3, due_at = null
where claim.account_id = $1 and claim.terminal_id = $2
  and claim.recipient_gone_at is null and ${isRecipientGone("claim")}`;

interface Former {
  accountId: string;
  terminalId: string;
  at: Date;
}

/**
 * Notes at once what whoever sends next would find: the device that a terminal was is locked out. What it may have begun, and
 * must not be done twice, ends with what a device reports that knows of it, or by its deadline. What was not sent yet
 * still will be.
 */
export async function giveUpRecipient(db: Kysely<Tables>, { accountId, terminalId, at }: Former): Promise<void> {
  await db.executeQuery(CompiledQuery.raw(text, [accountId, terminalId, at]));
}
