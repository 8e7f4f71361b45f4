import type { Release, ReleaseCreate, ReleaseList } from "@tillkeeper/contract/http/releases";
import type { ReleaseStatus } from "@tillkeeper/contract/releases";
import { recordChange } from "../../access/audit/audit.ts";
import type { Db, Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { FileStore } from "../../files/file-store.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError } from "../../platform/errors.ts";
import { cutPage } from "../../platform/http/paging.ts";
import { type Caller, requireExpected } from "../../platform/http/route.ts";
import { newId } from "../../platform/ids.ts";
import { documentedTime } from "../../platform/timestamps.ts";
import { findKey, findRelease, listReleases, lockRelease, type ReleaseFilter, type ReleaseRow } from "./queries.ts";
import { isSignedBy } from "./signatures.ts";

export interface ReleaseDeps {
  db: Db;
  clock: Clock;
  files: FileStore;
}

/** Adds a release without its file. Throws `invalid_signature`, `release_exists`. */
export async function addRelease({ db, clock }: ReleaseDeps, caller: Caller, input: ReleaseCreate): Promise<Release> {
  const { accountId, clientId } = caller;
  return inTenant(db, accountId, async (tx) => {
    const key = await findKey(tx, accountId, input.key_id);
    if (!key || key.revoked_at !== null) throw invalidSignature("/body/key_id", "is not a live release key");
    if (!isSignedBy(key.public_key, input, input.signature)) {
      throw invalidSignature("/body/signature", "is not of this key over this release");
    }
    const now = clock.now();
    const id = newId(now);
    const inserted = await tx
      .insertInto("releases")
      .values({
        account_id: accountId,
        id,
        ...input,
        notes: input.notes ?? null,
        status: "draft",
        available_at: null,
        created_at: now,
        created_by: clientId,
        updated_at: now,
        updated_by: clientId,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning("id")
      .executeTakeFirst();
    if (!inserted) {
      throw new ApiError("release_exists", "The account has a release of this model and version.", {
        errors: [{ path: "/body/version", message: "is taken" }],
      });
    }
    const release = presentRelease(existing(await findRelease(tx, accountId, id)));
    await record(tx, clock, caller, "release.create", { after: release });
    return release;
  });
}

function invalidSignature(path: string, message: string): ApiError {
  return new ApiError("invalid_signature", "The release is not signed by a live release key of the account.", {
    errors: [{ path, message }],
  });
}

/** Throws `release_not_found`, also for releases of other accounts. */
export async function getRelease({ db }: Pick<ReleaseDeps, "db">, accountId: string, id: string): Promise<Release> {
  return presentRelease(existing(await inTenant(db, accountId, (tx) => findRelease(tx, accountId, id))));
}

/** Newest first. */
export async function getReleases({ db }: ReleaseDeps, accountId: string, query: ReleaseFilter): Promise<ReleaseList> {
  const rows = await inTenant(db, accountId, (tx) => listReleases(tx, accountId, { ...query, limit: query.limit + 1 }));
  const { page, last } = cutPage(rows, query.limit);
  return { releases: page.map(presentRelease), ...(last && { starting_after: last.id }) };
}

/**
 * Withdraws a release; downloads that have begun may finish. Withdrawing it again changes nothing. Throws
 * `release_not_found`.
 */
export async function withdrawRelease({ db, clock }: ReleaseDeps, caller: Caller, id: string): Promise<Release> {
  const moved = await inTenant(db, caller.accountId, (tx) => moveRelease(tx, clock, caller, { id, to: "withdrawn" }));
  return presentRelease(moved);
}

/** Makes a release available. Called once its file is stored. Throws `release_not_found`, `release_not_draft`. */
export async function makeAvailable({ db, clock }: ReleaseDeps, caller: Caller, id: string): Promise<Release> {
  const moved = await inTenant(db, caller.accountId, (tx) => moveRelease(tx, clock, caller, { id, to: "available" }));
  return presentRelease(moved);
}

const actions = { available: "release.file", withdrawn: "release.withdraw" } as const;
interface Move {
  id: string;
  to: Exclude<ReleaseStatus, "draft">;
}

async function moveRelease(tx: Tx, clock: Clock, caller: Caller, { id, to }: Move): Promise<ReleaseRow> {
  const { accountId, clientId } = caller;
  const row = existing(await lockRelease(tx, accountId, id));
  requireExpected(caller, presentRelease(row));
  if (to === "available") requireDraft(row);
  if (row.status === to) return row;
  const now = clock.now();
  await tx
    .updateTable("releases")
    .set({ status: to, ...(to === "available" && { available_at: now }), updated_at: now, updated_by: clientId })
    .where("account_id", "=", accountId)
    .where("id", "=", id)
    .execute();
  const moved = existing(await findRelease(tx, accountId, id));
  await record(tx, clock, caller, actions[to], { before: presentRelease(row), after: presentRelease(moved) });
  return moved;
}

/** Throws `release_not_draft`. */
export function requireDraft({ status }: Pick<Release, "status">): void {
  if (status === "draft") return;
  const why = status === "available" ? "The release has its file already." : "The release is withdrawn.";
  throw new ApiError("release_not_draft", why);
}

function existing(row: ReleaseRow | undefined): ReleaseRow {
  if (row) return row;
  throw releaseNotFound();
}

export function releaseNotFound(): ApiError {
  return new ApiError("release_not_found", "There is no such release.");
}

async function record(
  tx: Tx,
  clock: Clock,
  caller: Caller,
  action: string,
  { before, after }: { before?: Release; after: Release },
): Promise<void> {
  const subject = { type: "release", id: after.id };
  await recordChange(tx, clock, caller, { action, subject, ...(before && { before }), after });
}

function presentRelease(row: ReleaseRow): Release {
  return {
    id: row.id,
    device_model: row.device_model,
    version: row.version,
    size: row.size,
    sha256: row.sha256,
    signature: row.signature,
    key_id: row.key_id,
    ...(row.notes !== null && { notes: row.notes }),
    status: row.status,
    offered: row.status === "available" && row.key_revoked_at === null,
    created_at: documentedTime(row.created_at),
    created_by: row.created_by,
    updated_at: documentedTime(row.updated_at),
    updated_by: row.updated_by,
  };
}
