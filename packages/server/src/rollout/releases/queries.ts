import type { ReleaseStatus } from "@tillkeeper/contract/releases";
import type { Kysely, Selectable } from "kysely";
import type { Tx } from "../../db/db.ts";
import type { Tables } from "../../db/tables/schema.ts";

export type ReleaseRow = NonNullable<Awaited<ReturnType<typeof findRelease>>>;
export type KeyRow = Selectable<Tables["release_keys"]>;

function selectReleases(tx: Tx, accountId: string) {
  return tx
    .selectFrom("releases")
    .innerJoin("release_keys as key", (join) =>
      join.onRef("key.account_id", "=", "releases.account_id").onRef("key.key_id", "=", "releases.key_id"),
    )
    .selectAll("releases")
    .select("key.revoked_at as key_revoked_at")
    .where("releases.account_id", "=", accountId);
}

export function findRelease(tx: Tx, accountId: string, id: string) {
  return selectReleases(tx, accountId).where("releases.id", "=", id).executeTakeFirst();
}

/** The same, and keeps the release as it is until the transaction ends. */
export function lockRelease(tx: Tx, accountId: string, id: string) {
  return selectReleases(tx, accountId).where("releases.id", "=", id).forUpdate("releases").executeTakeFirst();
}

export interface ReleaseFilter {
  device_model?: string;
  status?: ReleaseStatus;
  starting_after?: string;
  limit: number;
}

/** Newest first: ids are ordered by time. */
export function listReleases(tx: Tx, accountId: string, filter: ReleaseFilter): Promise<ReleaseRow[]> {
  let query = selectReleases(tx, accountId).orderBy("releases.id", "desc").limit(filter.limit);
  if (filter.device_model !== undefined) query = query.where("releases.device_model", "=", filter.device_model);
  if (filter.status !== undefined) query = query.where("releases.status", "=", filter.status);
  if (filter.starting_after !== undefined) query = query.where("releases.id", "<", filter.starting_after);
  return query.execute();
}

/** What terminals of a model may get: available, and its key is not revoked. */
export function listOffered(
  tx: Tx,
  accountId: string,
  deviceModel: string,
): Promise<{ id: string; version: string }[]> {
  return tx
    .selectFrom("releases")
    .innerJoin("release_keys as key", (join) =>
      join.onRef("key.account_id", "=", "releases.account_id").onRef("key.key_id", "=", "releases.key_id"),
    )
    .select(["releases.id", "releases.version"])
    .where("releases.account_id", "=", accountId)
    .where("releases.device_model", "=", deviceModel)
    .where("releases.status", "=", "available")
    .where("key.revoked_at", "is", null)
    .execute();
}

/** A release whose file is to go. */
export type ToClean = Pick<Selectable<Tables["releases"]>, "account_id" | "id">;

/** Releases of all accounts that were withdrawn before and may still have their file; the oldest first. */
/** Withdrawn releases whose file is still there, behind the one that the page before ended with. */
export function listToClean(
  db: Kysely<Tables>,
  { before, after, limit }: { before: Date; after: ToClean | undefined; limit: number },
): Promise<ToClean[]> {
  return db
    .selectFrom("releases")
    .select(["account_id", "id"])
    .where("status", "=", "withdrawn")
    .where("file_removed_at", "is", null)
    .where("updated_at", "<", before)
    .$if(after !== undefined, (query) => query.where("id", ">", after?.id ?? ""))
    .orderBy("id")
    .limit(limit)
    .execute();
}

export async function markCleaned(db: Kysely<Tables>, accountId: string, id: string, at: Date): Promise<void> {
  await db
    .updateTable("releases")
    .set({ file_removed_at: at })
    .where("account_id", "=", accountId)
    .where("id", "=", id)
    .execute();
}

export function findKey(tx: Tx, accountId: string, keyId: string): Promise<KeyRow | undefined> {
  return tx
    .selectFrom("release_keys")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("key_id", "=", keyId)
    .executeTakeFirst();
}

/** Newest first. An account has few. */
export function listKeys(db: Kysely<Tables>, accountId: string): Promise<KeyRow[]> {
  return db
    .selectFrom("release_keys")
    .selectAll()
    .where("account_id", "=", accountId)
    .orderBy("created_at", "desc")
    .orderBy("key_id")
    .execute();
}

/** What decides on the updates of a terminal. */
export function findPlace(tx: Tx, accountId: string, terminalId: string) {
  return tx
    .selectFrom("terminals")
    .select(["device_model", "store_ref"])
    .where("account_id", "=", accountId)
    .where("terminal_id", "=", terminalId)
    .executeTakeFirst();
}
