import { sql } from "kysely";
import {
  createRootKey,
  type RootKey,
  type RootKeyPlace,
  readRootKey,
  rootKeyFile,
} from "../platform/folders/root-key.ts";
import { StartupError } from "../platform/startup-error.ts";
import type { Db } from "./db.ts";
import { startLock } from "./locks.ts";

/**
 * Opens the root key of the installation whose database this is. The first server creates the key, unless its file
 * exists, and stores the key's fingerprint in the database. Later servers need that key. Throws `StartupError` when the
 * file is missing or holds another key.
 */
export async function openRootKey(db: Pick<Db, "sql">, place: RootKeyPlace): Promise<RootKey> {
  const file = rootKeyFile(place);
  return db.sql.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${startLock})`.execute(tx);
    const known = await tx.selectFrom("root_key").select("fingerprint").executeTakeFirst();
    const found = readRootKey(file);
    if (known === undefined) {
      const key = found ?? createRootKey(file);
      await tx.insertInto("root_key").values({ fingerprint: key.fingerprint() }).execute();
      return key;
    }
    if (found === undefined) throw new StartupError(`There is no key file ${file}: ${restoreHint(known.fingerprint)}`);
    if (found.fingerprint() === known.fingerprint) return found;
    throw new StartupError(
      `The key file ${file} holds another key than the one that this database was encrypted with: ${restoreHint(known.fingerprint)}`,
    );
  });
}

function restoreHint(fingerprint: string): string {
  return `restore the key ${fingerprint} from its backup, or name in TILLKEEPER_KEY_FILE the file that the other servers of this database use.`;
}
