import type { Db } from "../../db/db.ts";
import { generationOf } from "./token-end.ts";

/**
 * Every device that may connect, for brokers that keep a list: not those whose tokens are over. Those with a password have
 * no generation.
 */
export async function listLiveCredentials(db: Db): Promise<{ address: string; generation: string | undefined }[]> {
  const rows = await db.sql
    .selectFrom("terminal_credentials as credential")
    .innerJoin("terminals", (join) =>
      join
        .onRef("terminals.account_id", "=", "credential.account_id")
        .onRef("terminals.terminal_id", "=", "credential.terminal_id"),
    )
    .select(["credential.address", "credential.token_lapses"])
    .select((eb) => eb("credential.public_key", "is not", null).as("paired"))
    .where("credential.lapsed_at", "is", null)
    .where((eb) => eb.or([eb("terminals.status", "<>", "DELETED"), eb("credential.ends_with", "is not", null)]))
    .execute();
  return rows.map((row) => ({ address: row.address, generation: row.paired ? generationOf(row) : undefined }));
}
