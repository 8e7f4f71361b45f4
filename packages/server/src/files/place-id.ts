import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import { sql } from "kysely";
import type { Db } from "../db/db.ts";
import { startLock } from "../db/locks.ts";
import { StartupError } from "../platform/startup-error.ts";
import type { FileStore } from "./file-store.ts";

/** The file that holds the place's id. It has a name that a copy of the place takes along. */
const placeIdFile = "place-id";

const form = /^[\da-f-]{36}$/;

interface PlaceDeps {
  db: Pick<Db, "sql">;
  files: Pick<FileStore, "get" | "put">;
  /** How the place is called in a sentence: "the folder /srv/files". */
  place: string;
}

/**
 * Checks that this server keeps files where the other servers of its database keep them: the database knows the id of
 * the place. The first server gives the place an id, unless it has one. Throws `StartupError` when the place has another
 * id or none, or cannot be read or written.
 */
export async function checkFilePlace({ db, files, place }: PlaceDeps): Promise<void> {
  const known = (await idOfDatabase(db.sql)) ?? (await claim({ db, files, place }));
  const found = await reach(place, () => idOfPlace(files));
  if (found === known) return;
  const trouble = found ? `is the place ${found}` : `has ${found === null ? "no id in its" : "no"} file ${placeIdFile}`;
  throw new StartupError(
    `The files of this database are kept in the place ${known}, and ${place} ${trouble}: name in TILLKEEPER_FILES the folder or bucket that all servers of this database share, or write ${known} into the file ${placeIdFile} there if the files were moved there or are lost.`,
  );
}

/** Resolves with the id that the database knows then: another server may have been the first. */
function claim({ db, files, place }: PlaceDeps): Promise<string> {
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
  const content = await files.get(placeIdFile);
  if (content === undefined) return undefined;
  const found = (await text(content)).trim();
  return form.test(found) ? found : null;
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
