import type { Kysely } from "kysely";
import type { Db } from "../db/db.ts";
import type { Tables } from "../db/schema.ts";
import { inTenant } from "../db/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import { moveTerminals } from "./life-cycle.ts";
import { lockTerminal } from "./queries.ts";

/** A device that speaks as a terminal. */
export interface CredentialHolder {
  accountId: string;
  terminalId: string;
  /** By which it was let in; undefined where an outside broker has let it in, and does not tell. */
  credentialId?: string | undefined;
}

/** Whether that credential is the terminal's; of one who does not name it, whether the terminal has any. */
export async function holdsCredential(db: Kysely<Tables>, holder: CredentialHolder): Promise<boolean> {
  const row = await db
    .selectFrom("terminal_credentials")
    .select("credential_id")
    .where("account_id", "=", holder.accountId)
    .where("terminal_id", "=", holder.terminalId)
    .executeTakeFirst();
  return row !== undefined && (holder.credentialId === undefined || row.credential_id === holder.credentialId);
}

/**
 * Moves a terminal whose device has connected (D11). One that nothing is paired with stays as it is: what its former device
 * said may still be on its way. Whoever replaces a credential holds the terminal meanwhile, so one of both comes first.
 * `asWhoever`: a credential is not asked for.
 */
export function deviceConnected(
  db: Db,
  clock: Clock,
  holder: CredentialHolder,
  { asWhoever = false } = {},
): Promise<void> {
  const { accountId, terminalId } = holder;
  return inTenant(db, accountId, async (tx) => {
    await lockTerminal(tx, accountId, terminalId);
    if (asWhoever || (await holdsCredential(tx, holder))) {
      await moveTerminals(tx, clock, "device_connected", { accountId, terminalId });
    }
  });
}
