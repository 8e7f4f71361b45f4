import type { Kysely } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";
import type { TerminalKey } from "../terminal-keys.ts";

/**
 * The id of the last close that the server holds of the terminal's present address, which the command of the next `end_of_day`
 * names as `previous_close` (D27); null where there is none, or no device.
 */
export async function findLastCloseId(
  db: Kysely<Tables>,
  { accountId, terminalId }: TerminalKey,
): Promise<string | null> {
  const row = await db
    .selectFrom("terminal_credentials as credential")
    .innerJoin("terminal_addresses as device", (join) =>
      join
        .onRef("device.account_id", "=", "credential.account_id")
        .onRef("device.address", "=", "credential.address")
        .onRef("device.terminal_id", "=", "credential.terminal_id"),
    )
    .select("device.last_close")
    .where("credential.account_id", "=", accountId)
    .where("credential.terminal_id", "=", terminalId)
    .executeTakeFirst();
  return row?.last_close ?? null;
}
