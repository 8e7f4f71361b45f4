import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import { sql } from "kysely";
import type { Db } from "../db/db.ts";
import { startLock } from "../db/locks.ts";
import { StartupError } from "../platform/startup-error.ts";
import type { FileStore } from "./file-store.ts";

/** The file that holds the place's id. It has a name that a copy of the place takes along. */
const placeIdFile = "place-id";

/** The file that holds the fingerprint of the key of the installation whose files are there. */
const placeKeyFile = "place-key";

const form = /^[\da-f-]{36}$/;

interface PlaceDeps {
  db: Pick<Db, "sql">;
  files: Pick<FileStore, "get" | "put">;
  /** How the place is called in a sentence: "the folder /srv/files". */
  place: string;
  /** The fingerprint of this installation's key. */
  key: string;
}

/**
 * Checks that this server keeps files where the other servers of its database keep them: the database knows the id of
 * the place. The first server gives the place an id, unless it has one. Throws `StartupError` when the place belongs to
 * another installation, has another id or none, or cannot be read or written.
 */
export async function checkFilePlace(deps: PlaceDeps): Promise<void> {
  const { db, files, place, key } = deps;
  const keyThere = await reach(place, () => read(files, placeKeyFile));
  if (keyThere !== undefined && keyThere !== key) throw belongsToAnother(deps, keyThere);
  const known = (await idOfDatabase(db.sql)) ?? (await claim(deps));
  const found = await reach(place, () => idOfPlace(files));
  if (found === known) {
    if (keyThere === undefined) await reach(place, () => files.put(placeKeyFile, lineOf(key)));
    return;
  }
  const trouble = found ? `is the place ${found}` : `has ${found === null ? "no id in its" : "no"} file ${placeIdFile}`;
  throw new StartupError(
    `The files of this database are kept in the place ${known}, and ${place} ${trouble}: name in TILLKEEPER_FILES the folder or bucket that all servers of this database share, or write ${known} into the file ${placeIdFile} there if the files were moved there or are lost.`,
  );
}

function belongsToAnother({ place, key }: PlaceDeps, keyThere: string): StartupError {
  return new StartupError(
    `The files in ${place} belong to another installation, with the key ${keyThere}: name another folder, bucket or prefix in TILLKEEPER_FILES, or write ${key} into the file ${placeKeyFile} there if the key of this installation was replaced.`,
  );
}

/** Resolves with the id that the database knows then: another server may have been the first. */
function claim({ db, files, place }: Omit<PlaceDeps, "key">): Promise<string> {
  return db.sql.transaction().execute(async (tx) => {
    // The place may be a slow bucket; its own time limit ends the waiting.
    await sql`set local idle_in_transaction_session_timeout = 0`.execute(tx);
    await sql`select pg_advisory_xact_lock(${startLock})`.execute(tx);
    const known = await idOfDatabase(tx);
    if (known !== undefined) return known;
    const id = await reach(place, async () => (await idOfPlace(files)) ?? (await giveId(files)));
    await tx.insertInto("file_place").values({ id }).execute();
    return id;
  });
}

async function idOfDatabase(db: Pick<Db["sql"], "selectFrom">): Promise<string | undefined> {
  return (await db.selectFrom("file_place").select("id").executeTakeFirst())?.id;
}

/** `undefined` without the file, `null` when it holds no id. */
async function idOfPlace(files: PlaceDeps["files"]): Promise<string | null | undefined> {
  const found = await read(files, placeIdFile);
  return found === undefined || form.test(found) ? found : null;
}

/** Resolves with the text of a file, without what surrounds it; undefined without the file. */
async function read(files: PlaceDeps["files"], file: string): Promise<string | undefined> {
  const content = await files.get(file);
  return content && (await text(content)).trim();
}

async function giveId(files: PlaceDeps["files"]): Promise<string> {
  const id = randomUUID();
  await files.put(placeIdFile, lineOf(id));
  return id;
}

// biome-ignore lint/suspicious/useAwait: a store takes its content as an asynchronous iterable
async function* lineOf(id: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${id}\n`);
}

async function reach<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw cannotKeep(place, error);
  }
}

/** The reason not to start with a place that cannot be read or written. */
export function cannotKeep(place: string, error: unknown): StartupError {
  // The error of the store stands below the answer that requests get.
  const { cause = error } = error as { cause?: unknown };
  const { code, message } = cause as { code?: string; message: string };
  return new StartupError(
    `The files cannot be kept in ${place} (${code ?? message}): let the user of this server read and write there, or name another place in TILLKEEPER_FILES.`,
    { cause: error },
  );
}
