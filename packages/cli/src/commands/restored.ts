import { readConfig } from "@tillkeeper/server/config/config";
import { DatabaseClock } from "@tillkeeper/server/db/database-clock";
import { noteRestored } from "@tillkeeper/server/restores/restores";
import { cliActor } from "../cli-actor.ts";
import { withDatabase } from "../database.ts";

/** Notes in the database that it went back to an earlier moment, and prints what follows from that. */
export async function restored(): Promise<void> {
  const alone = "stop it first, and start it again afterwards";
  const done = await withDatabase(
    readConfig(process.env),
    async (db) => noteRestored({ db, clock: await DatabaseClock.open(db.urgent) }, cliActor, "told"),
    { alone },
  );
  console.log(
    [
      `Noted in ${done?.accounts ?? 0} accounts. Numbers of stores, terminals and configurations go on at the next thousand.`,
      `${done?.codesEnded ?? 0} pairing codes that were open have ended.`,
      "",
      "What follows by itself: devices tell what they did meanwhile. Operations come back with the word `recovered`,",
      "and no day is closed twice. Give them some minutes before you close days.",
      "",
      "What you should check, because the backup does not know of it:",
      "  clients, secrets and grants that were revoked since   they work again: revoke them",
      "  terminals that were deleted or swapped since          they live again: delete or swap them",
      "  devices that were paired since                        they ask to be paired again",
      "  release keys that were revoked since                  they sign again: revoke them",
    ].join("\n"),
  );
}
