import { isDeepStrictEqual } from "node:util";
import type { User, UserCreate, UserList, UserUpdate } from "@tillkeeper/contract/http/users";
import { roleScopes } from "@tillkeeper/contract/roles";
import { sql } from "kysely";
import type { Db, Tx } from "../../db/db.ts";
import { revocationLock } from "../../db/locks.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError, invalidRequest } from "../../platform/errors.ts";
import { cutPage } from "../../platform/http/paging.ts";
import { type PowerfulCaller, requireExpected } from "../../platform/http/route.ts";
import { newId } from "../../platform/ids.ts";
import { documentedTime } from "../../platform/timestamps.ts";
import { type Actor, recordChange } from "../audit/audit.ts";
import { inTenantWithLiveGrant, type LiveCaller, liveCaller } from "../auth/live-grant.ts";
import { requireCovered } from "../clients/covered-scopes.ts";
import { insertUser, type UserRow } from "./queries.ts";

export interface UserDeps {
  db: Db;
  clock: Clock;
}

/** Makes a person a user of the account, without a link or a mail. Throws `user_exists`, `scope_not_held`, `invalid_request`. */
export function createUser({ db, clock }: UserDeps, caller: PowerfulCaller, input: UserCreate): Promise<User> {
  return inTenantWithLiveGrant(db, caller, (tx, live) => {
    requireCovered(live, roleScopes[input.role], () => "/body/role");
    return createIn(tx, clock, live, input);
  });
}

/** Makes a person a user, in a transaction that has checked the actor's right to. Throws `user_exists`, `invalid_request`. */
export async function createIn(tx: Tx, clock: Clock, actor: Actor, input: UserCreate): Promise<User> {
  const now = clock.now();
  const { accountId, clientId: by } = actor;
  const stores = await storesOf(tx, accountId, input, []);
  const row = await insertUser(tx, {
    account_id: accountId,
    id: newId(now),
    email: input.email,
    name: input.name,
    role: input.role,
    stores,
    language: input.language ?? null,
    created_at: now,
    created_by: by,
    updated_at: now,
    updated_by: by,
  });
  if (!row) {
    throw new ApiError("user_exists", "The account has a user with this e-mail address.", {
      errors: [{ path: "/body/email", message: "is taken" }],
    });
  }
  const user = present(row);
  await record(tx, clock, actor, "user.create", { after: user });
  return user;
}

/** Throws `user_not_found`. */
export function getUser({ db }: UserDeps, accountId: string, id: string): Promise<User> {
  return inTenant(db, accountId, async (tx) => present(await findUser(tx, accountId, id)));
}

/** A page of users, newest first. */
export async function getUsers(
  { db }: UserDeps,
  accountId: string,
  { limit, starting_after: after }: { limit: number; starting_after?: string },
): Promise<UserList> {
  const rows = await inTenant(db, accountId, (tx) => {
    let query = tx
      .selectFrom("account_users")
      .selectAll()
      .where("account_id", "=", accountId)
      .where("removed_at", "is", null)
      .orderBy("id", "desc")
      .limit(limit + 1);
    if (after !== undefined) query = query.where("id", "<", after);
    return query.execute();
  });
  const { page, last } = cutPage(rows, limit);
  return { users: page.map(present), ...(last && { starting_after: last.id }) };
}

/** Replaces what may change of a user. Throws `user_not_found`, `scope_not_held`, `last_admin_user`, `invalid_request`. */
export function updateUser(
  { db, clock }: UserDeps,
  caller: PowerfulCaller,
  id: string,
  input: UserUpdate,
): Promise<User> {
  return inTenantKeepingAdmin(db, caller, async (tx, live) => {
    const { accountId } = live;
    const row = await findUser(tx, accountId, id, { lock: true });
    const before = present(row);
    requireExpected(live, before);
    requireCovered(live, roleScopes[row.role]);
    requireCovered(live, roleScopes[input.role], () => "/body/role");
    const stores = await storesOf(tx, accountId, input, row.stores ?? []);
    const values = { name: input.name, role: input.role, stores, language: input.language ?? null };
    if (Object.entries(values).every(([name, value]) => isDeepStrictEqual(value, row[name as keyof UserRow]))) {
      return before;
    }
    const after = present(
      await tx
        .updateTable("account_users")
        .set({ ...values, updated_at: clock.now(), updated_by: live.clientId })
        .where("account_id", "=", accountId)
        .where("id", "=", id)
        .returningAll()
        .executeTakeFirstOrThrow(),
    );
    await record(tx, clock, live, "user.update", { before, after });
    return after;
  });
}

/** Removes a user, who then sees nothing of the account. Throws `user_not_found`, `scope_not_held`, `last_admin_user`. */
export function removeUser({ db, clock }: UserDeps, caller: PowerfulCaller, id: string): Promise<User> {
  return inTenantKeepingAdmin(db, caller, async (tx, live) => {
    const row = await findUser(tx, live.accountId, id, { lock: true });
    const before = present(row);
    requireExpected(live, before);
    requireCovered(live, roleScopes[row.role]);
    const now = clock.now();
    const removed = await tx
      .updateTable("account_users")
      .set({ removed_at: now, updated_at: now, updated_by: live.clientId })
      .where("account_id", "=", live.accountId)
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirstOrThrow();
    await record(tx, clock, live, "user.delete", { before });
    return present(removed);
  });
}

/**
 * Ends the authenticator of a user. For a person of another account, too, nothing changes, and the answer is the same. Throws
 * `user_not_found`, `scope_not_held`, `user_not_active`.
 */
export async function endTotpOfUser({ db, clock }: UserDeps, caller: PowerfulCaller, id: string): Promise<void> {
  await inTenantWithLiveGrant(db, caller, async (tx, live) => {
    const row = await findUser(tx, live.accountId, id, { lock: true });
    requireCovered(live, roleScopes[row.role]);
    if (row.accepted_at === null) {
      throw new ApiError("user_not_active", "The user has not accepted the invitation yet.");
    }
    await sql`select tillkeeper_end_totp(${live.accountId}, ${id})`.execute(tx);
    await recordChange(tx, clock, live, { action: "user.totp_end", subject: { type: "user", id } });
  });
}

/**
 * As `inTenantWithLiveGrant`, for changes that may take the account its last admin. They run one after the other: of two admins who
 * remove each other the second finds itself removed. Throws `last_admin_user`.
 */
function inTenantKeepingAdmin<T>(
  db: Db,
  caller: PowerfulCaller,
  work: (tx: Tx, live: LiveCaller) => Promise<T>,
): Promise<T> {
  return inTenant(db, caller.accountId, async (tx) => {
    await sql`select pg_advisory_xact_lock(${revocationLock}, hashtext(${caller.accountId}))`.execute(tx);
    const live = await liveCaller(tx, caller);
    const before = await hasAdmin(tx, caller.accountId);
    const result = await work(tx, live);
    if (before && !(await hasAdmin(tx, caller.accountId))) {
      throw new ApiError("last_admin_user", "This user is the account's last admin.");
    }
    return result;
  });
}

async function hasAdmin(tx: Tx, accountId: string): Promise<boolean> {
  const admin = await tx
    .selectFrom("account_users")
    .select("id")
    .where("account_id", "=", accountId)
    .where("role", "=", "admin")
    .where("accepted_at", "is not", null)
    .where("removed_at", "is", null)
    .limit(1)
    .executeTakeFirst();
  return admin !== undefined;
}

/** A user who was not removed. Throws `user_not_found`. */
export async function findUser(tx: Tx, accountId: string, id: string, { lock = false } = {}): Promise<UserRow> {
  const users = tx
    .selectFrom("account_users")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("id", "=", id)
    .where("removed_at", "is", null);
  const row = await (lock ? users.forUpdate() : users).executeTakeFirst();
  if (!row) throw new ApiError("user_not_found", "There is no such user.");
  return row;
}

/** The generated ids of the stores that a request names. Those that the user has may be deleted by now. Throws `invalid_request`. */
async function storesOf(
  tx: Tx,
  accountId: string,
  { role, stores }: Pick<UserCreate, "role" | "stores">,
  had: readonly string[],
): Promise<string[] | null> {
  const path = "/body/stores";
  if (role !== "store") {
    if (stores === undefined) return null;
    throw invalidRequest({ path, message: "must be left out: only the role `store` is limited to stores" });
  }
  if (stores === undefined) throw invalidRequest({ path, message: "must name the stores of the role `store`" });
  const rows = await tx
    .selectFrom("stores")
    .select(["id", "store_id"])
    .where("account_id", "=", accountId)
    .where("status", "<>", "DELETED")
    .where((eb) => eb.or([eb("id", "in", stores), eb("store_id", "in", stores)]))
    .execute();
  const ids = stores.map((named) => {
    const found = rows.find((row) => row.store_id === named) ?? rows.find((row) => row.id === named);
    return found?.id ?? had.find((id) => id === named);
  });
  const unknown = ids.flatMap((id, index) => (id === undefined ? [index] : []));
  if (unknown.length > 0) {
    throw invalidRequest(
      ...unknown.map((index) => ({ path: `${path}/${index}`, message: "is no store of the account" })),
    );
  }
  return [...new Set(ids.filter((id) => id !== undefined))];
}

function present(row: UserRow): User {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    role: row.role,
    ...(row.stores && { stores: row.stores }),
    ...(row.language && { language: row.language }),
    status: row.accepted_at === null ? "INVITED" : "ACTIVE",
    created_at: documentedTime(row.created_at),
    created_by: row.created_by,
    updated_at: documentedTime(row.updated_at),
    updated_by: row.updated_by,
    ...(row.removed_at && { deleted_at: documentedTime(row.removed_at), deleted_by: row.updated_by }),
  };
}

async function record(
  tx: Tx,
  clock: Clock,
  actor: Actor,
  action: string,
  change: { before?: User; after?: User },
): Promise<void> {
  const id = change.after?.id ?? change.before?.id ?? "";
  await recordChange(tx, clock, actor, { action, subject: { type: "user", id }, ...change });
}
