import type {
  ClientGrant,
  ClientGrantCreate,
  ClientGrantList,
  ClientGrantUpdate,
} from "@tillkeeper/contract/http/clients";
import { recordChange } from "../audit/audit.ts";
import { accountOfAudience } from "../auth/audience.ts";
import { madeBy } from "../auth/clients.ts";
import { lockLiveClient } from "../clients/clients.ts";
import { requireCovered } from "../clients/covered-scopes.ts";
import type { Db, Tx } from "../db/db.ts";
import { inTenant } from "../db/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { cutPage } from "../platform/http/paging.ts";
import type { Caller } from "../platform/http/route.ts";
import { newId } from "../platform/ids.ts";
import { documentedTime } from "../platform/timestamps.ts";
import { findGrant, type GrantRow, isOwnOrOperated, listGrants, lockGrant } from "./queries.ts";

export interface GrantDeps {
  db: Db;
  clock: Clock;
  acceptedHosts: () => ReadonlySet<string>;
  /** The server's own address, without a slash at the end. */
  ownUrl: () => string;
}

/**
 * Lets a client of the own account work in this account, or in one that it is operator of.
 * Throws `invalid_audience`, `scope_not_held`, `invalid_request`, `client_grant_exists`.
 */
export async function addGrant(deps: GrantDeps, caller: Caller, input: ClientGrantCreate): Promise<ClientGrant> {
  const audienceId = accountOfAudience(input.audience, deps.acceptedHosts());
  if (!audienceId || !(await isOwnOrOperated(deps.db.sql, caller.accountId, audienceId))) {
    throw new ApiError("invalid_audience", "`audience` names neither this account nor one that it is operator of.", {
      errors: [{ path: "/body/audience", message: "must be {server}/v1/accounts/{account_id} of such an account" }],
    });
  }
  requireCovered(caller, input.scope, (scope) => placeOf(input.scope, scope));
  return inTenant(deps.db, caller.accountId, async (tx) => {
    const client = await lockLiveClient(tx, caller.accountId, input.client_id);
    if (!client) {
      throw new ApiError("invalid_request", "The request is not valid; see `errors`.", {
        errors: [{ path: "/body/client_id", message: "is not the id of a client of this account" }],
      });
    }
    const id = await insertGrant(tx, deps.clock, caller, { ...input, clientId: client.client_id, audienceId });
    const grant = present(deps, (await findGrant(tx, caller.accountId, id)) as GrantRow);
    await record(tx, deps.clock, caller, "client_grant.create", { after: grant });
    return grant;
  });
}

type NewGrant = ClientGrantCreate & { clientId: string; audienceId: string };

async function insertGrant(tx: Tx, clock: Clock, caller: Caller, grant: NewGrant): Promise<string> {
  const now = clock.now();
  const inserted = await tx
    .insertInto("client_grants")
    .values({
      account_id: caller.accountId,
      id: newId(now),
      client_id: grant.clientId,
      audience_account_id: grant.audienceId,
      audience: grant.audience,
      scopes: grant.scope,
      ...madeBy(caller.clientId, now),
      removed_at: null,
      narrowed_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .executeTakeFirst();
  if (!inserted) throw new ApiError("client_grant_exists", "The client holds a grant for this account already.");
  return inserted.id;
}

/** Throws `client_grant_not_found`, also for grants of other accounts. */
export async function getGrant(deps: GrantDeps, accountId: string, id: string): Promise<ClientGrant> {
  const row = await inTenant(deps.db, accountId, (tx) => findGrant(tx, accountId, id));
  if (!row) throw grantNotFound();
  return present(deps, row);
}

export interface GrantQuery {
  audience?: string;
  client_id?: string;
  limit: number;
  starting_after?: string;
}

export async function getGrants(deps: GrantDeps, accountId: string, query: GrantQuery): Promise<ClientGrantList> {
  const audienceAccountId = query.audience && accountOfAudience(query.audience, deps.acceptedHosts());
  if (query.audience !== undefined && !audienceAccountId) {
    throw new ApiError("invalid_audience", "`audience` does not name an account of this server.", {
      errors: [{ path: "/query/audience", message: "must be {server}/v1/accounts/{account_id}" }],
    });
  }
  const page = { clientRef: query.client_id, audienceAccountId, after: query.starting_after, limit: query.limit + 1 };
  const rows = await inTenant(deps.db, accountId, (tx) => listGrants(tx, accountId, page));
  const { page: grants, last } = cutPage(rows, query.limit);
  return { client_grants: grants.map((row) => present(deps, row)), ...(last && { starting_after: last.id }) };
}

/** Replaces the scopes; those that are new must be the caller's to give. Throws `client_grant_not_found`, `scope_not_held`. */
export function updateGrant(
  deps: GrantDeps,
  caller: Caller,
  id: string,
  { scope }: ClientGrantUpdate,
): Promise<ClientGrant> {
  return changeGrant(deps, caller, id, async (tx, row) => {
    const added = scope.filter((entry) => !row.scopes.includes(entry));
    requireCovered(caller, added, (entry) => placeOf(scope, entry));
    const now = deps.clock.now();
    const narrowed = row.scopes.some((entry) => !scope.some((kept) => kept === entry));
    await tx
      .updateTable("client_grants")
      .set({ scopes: scope, ...updated(caller, now), ...(narrowed && { narrowed_at: now }) })
      .where("account_id", "=", caller.accountId)
      .where("id", "=", id)
      .execute();
    const before = present(deps, row);
    const after = present(deps, (await findGrant(tx, caller.accountId, id)) as GrantRow);
    await record(tx, deps.clock, caller, "client_grant.update", { before, after });
    return after;
  });
}

/** Takes a grant away; tokens of it end within 5 s. Throws `client_grant_not_found`. */
export function deleteGrant(deps: GrantDeps, caller: Caller, id: string): Promise<void> {
  return changeGrant(deps, caller, id, async (tx, row) => {
    const now = deps.clock.now();
    await tx
      .updateTable("client_grants")
      .set({ removed_at: now, narrowed_at: now, ...updated(caller, now) })
      .where("account_id", "=", caller.accountId)
      .where("id", "=", id)
      .execute();
    await record(tx, deps.clock, caller, "client_grant.delete", { before: present(deps, row) });
  });
}

function changeGrant<T>(
  { db }: GrantDeps,
  { accountId }: Caller,
  id: string,
  change: (tx: Tx, row: GrantRow) => Promise<T>,
): Promise<T> {
  return inTenant(db, accountId, async (tx) => {
    const row = await lockGrant(tx, accountId, id);
    if (!row) throw grantNotFound();
    return change(tx, row);
  });
}

async function record(
  tx: Tx,
  clock: Clock,
  caller: Caller,
  action: string,
  change: { before?: ClientGrant; after?: ClientGrant },
): Promise<void> {
  const id = (change.after ?? change.before)?.id as string;
  await recordChange(tx, clock, caller, { action, subject: { type: "client_grant", id }, ...change });
}

function updated(caller: Caller, now: Date) {
  return { updated_at: now, updated_by: caller.clientId };
}

function placeOf(scopes: readonly string[], scope: string): string {
  return `/body/scope/${scopes.indexOf(scope)}`;
}

function present({ ownUrl }: GrantDeps, row: GrantRow): ClientGrant {
  return {
    id: row.id,
    client_id: row.client_ref,
    audience: row.audience ?? `${ownUrl()}/v1/accounts/${row.audience_account_id}`,
    scope: row.scopes,
    type: row.type,
    created_at: documentedTime(row.created_at),
    created_by: row.created_by,
    updated_at: documentedTime(row.updated_at),
    updated_by: row.updated_by,
  };
}

function grantNotFound(): ApiError {
  return new ApiError("client_grant_not_found", "There is no such client grant.");
}
