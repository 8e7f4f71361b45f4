import type { ReleaseKey, ReleaseKeyCreate, ReleasePublicKey } from "@tillkeeper/contract/http/releases";
import { publicKeyProblem } from "@tillkeeper/contract/public-keys";
import { recordChange } from "../../access/audit/audit.ts";
import { inTenantWithLiveGrant } from "../../access/auth/live-grant.ts";
import type { Db } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError } from "../../platform/errors.ts";
import type { PowerfulCaller } from "../../platform/http/route.ts";
import { documentedTime } from "../../platform/timestamps.ts";
import { findKey, type KeyRow, listKeys } from "./queries.ts";
import { thumbprint } from "./signatures.ts";

interface KeyDeps {
  db: Db;
  clock: Clock;
}

/** Registers the public half of a maker's key. Throws `invalid_request`, `release_key_exists`. */
export async function addKey(
  { db, clock }: KeyDeps,
  caller: PowerfulCaller,
  input: ReleaseKeyCreate,
): Promise<ReleaseKey> {
  const { accountId, clientId } = caller;
  const fault = publicKeyProblem(input.public_key);
  if (fault !== undefined) {
    throw new ApiError("invalid_request", "The public key is not one to verify releases with; see `errors`.", {
      errors: [{ path: "/body/public_key/x", message: fault }],
    });
  }
  const keyId = thumbprint(input.public_key);
  return inTenantWithLiveGrant(db, caller, async (tx, live) => {
    const row = await tx
      .insertInto("release_keys")
      .values({
        account_id: accountId,
        key_id: keyId,
        name: input.name,
        public_key: JSON.stringify(input.public_key),
        created_at: clock.now(),
        created_by: clientId,
        revoked_at: null,
        revoked_by: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returningAll()
      .executeTakeFirst();
    if (!row) {
      throw new ApiError("release_key_exists", "The account has, or had, this release key.", {
        errors: [{ path: "/body/public_key", message: "is registered", key_id: keyId }],
      });
    }
    const key = presentKey(row);
    const subject = { type: "release_key", id: keyId };
    await recordChange(tx, clock, live, { action: "release_key.create", subject, after: key });
    return key;
  });
}

/** Newest first, revoked keys included. */
export async function getKeys({ db }: KeyDeps, accountId: string): Promise<ReleaseKey[]> {
  const rows = await inTenant(db, accountId, (tx) => listKeys(tx, accountId));
  return rows.map(presentKey);
}

/**
 * Revokes a key: its releases are no longer offered from now on. Revoking it again changes nothing. Throws
 * `release_key_not_found`.
 */
export async function revokeKey({ db, clock }: KeyDeps, caller: PowerfulCaller, keyId: string): Promise<ReleaseKey> {
  const { accountId, clientId } = caller;
  return inTenantWithLiveGrant(db, caller, async (tx, live) => {
    const found = await findKey(tx, accountId, keyId);
    if (!found) throw new ApiError("release_key_not_found", "There is no such release key.");
    const revoked = await tx
      .updateTable("release_keys")
      .set({ revoked_at: clock.now(), revoked_by: clientId })
      .where("account_id", "=", accountId)
      .where("key_id", "=", keyId)
      .where("revoked_at", "is", null)
      .returningAll()
      .executeTakeFirst();
    if (!revoked) return presentKey(found);
    const subject = { type: "release_key", id: keyId };
    const [before, after] = [presentKey(found), presentKey(revoked)];
    await recordChange(tx, clock, live, { action: "release_key.revoke", subject, before, after });
    return after;
  });
}

/** The live keys, which the server's own virtual terminals trust. */
export async function listLiveKeys(db: Db, accountId: string): Promise<ReleasePublicKey[]> {
  const rows = await inTenant(db, accountId, (tx) => listKeys(tx, accountId));
  return rows.filter((row) => row.revoked_at === null).map((row) => row.public_key);
}

function presentKey(row: KeyRow): ReleaseKey {
  return {
    key_id: row.key_id,
    name: row.name,
    public_key: row.public_key,
    created_at: documentedTime(row.created_at),
    created_by: row.created_by,
    ...(row.revoked_at && { revoked_at: documentedTime(row.revoked_at) }),
    ...(row.revoked_by !== null && { revoked_by: row.revoked_by }),
  };
}
