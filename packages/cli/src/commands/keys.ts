import { createSigningKey } from "@tillkeeper/server/access/auth/keys/key-rotation";
import { readConfig } from "@tillkeeper/server/config/config";
import { DatabaseClock } from "@tillkeeper/server/db/database-clock";
import { openRootKey } from "@tillkeeper/server/db/open-root-key";
import { withDatabase } from "../database.ts";

/** Adds a new key to sign tokens with. */
export async function rotateAction(): Promise<void> {
  const config = readConfig(process.env);
  const kid = await withDatabase(config, async (db) =>
    createSigningKey(db, await DatabaseClock.open(db.urgent), await openRootKey(db, config)),
  );
  console.log(
    [
      `The new key is ${kid}.`,
      "Servers publish it at once and sign with it after 70 seconds; the keys before it go on being accepted until the last",
      "of their tokens has expired, and are retired then.",
    ].join("\n"),
  );
}
