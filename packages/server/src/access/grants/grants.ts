import { isDeepStrictEqual } from "node:util";
import type {
  ClientGrant,
  ClientGrantCreate,
  ClientGrantList,
  ClientGrantUpdate,
} from "@tillkeeper/contract/http/client-grants";
import { scopes as allScopes } from "@tillkeeper/contract/scopes";
import type { Db, Tx } from "../../db/db.ts";
import { asAccount, inTenant } from "../../db/tenants/tenant.ts";
import { inTurn } from "../../db/turns.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError, invalidRequest } from "../../platform/errors.ts";
import { cutPage } from "../../platform/http/paging.ts";
import { type PowerfulCaller, requireExpected } from "../../platform/http/route.ts";
import { newId } from "../../platform/ids.ts";
import { documentedTime } from "../../platform/timestamps.ts";
import type { Change } from "../audit/audit.ts";
import { recordInLogs } from "../audit/record-in-logs.ts";
import { madeBy } from "../auth/clients.ts";
import { inTenantWithLiveGrant, type LiveCaller } from "../auth/live-grant.ts";
import { accountOfAudience, invalidAudience } from "../auth/tokens/audience.ts";
import { clientIdTaken, isOwnClientId, lockLiveClient } from "../clients/clients.ts";
import { requireCovered } from "../clients/covered-scopes.ts";
import { inTenantRevoking } from "../clients/revoking.ts";
import { findGrant, type GrantRow, isOwnOrOperated, listGrants } from "./queries.ts";

export interface GrantDeps {
  db: Db;
  clock: Clock;
  acceptedHosts: () => ReadonlySet<string>;
  /** The server's own address, without a slash at the end. */
  ownUrl: () => string;
}

/**
 * Gives a client of the caller's account a grant for this account, or for an account that this account operates. Throws
 * `invalid_audience`, `scope_not_held`, `invalid_request`, `client_grant_exists`, `client_id_taken`.
 */
export async function addGrant(
  deps: GrantDeps,
  caller: PowerfulCaller,
  input: ClientGrantCreate,
): Promise<ClientGrant> {
  const audienceId = accountOfAudience(input.audience, deps.acceptedHosts());
  const { db } = deps;
  const { accountId } = caller;
  if (!audienceId || !(await inTurn(db, accountId, () => isOwnOrOperated(db.sql, accountId, audienceId)))) {
    const text = "`audience` names neither this account nor one that it is operator of.";
    throw invalidAudience(text, "/body/audience", deps.acceptedHosts());
  }
  return inTenantWithLiveGrant(deps.db, caller, async (tx, live) => {
    requireCovered(live, input.scope, (scope) => placeOf(input.scope, scope));
    const client = await lockLiveClient(tx, live.accountId, input.client_id);
    if (!client) {
      throw invalidRequest({ path: "/body/client_id", message: "is not the id of a client of this account" });
    }
    const clientId = client.client_id;
    if (audienceId !== live.accountId) await requireFreeClientId(tx, live, audienceId, clientId);
    const id = await insertGrant(tx, deps.clock, live, { ...input, clientId, audienceId });
    const row = (await findGrant(tx, live.accountId, id)) as GrantRow;
    await record(tx, deps.clock, live, row, { action: "client_grant.create", after: present(deps, row) });
    return present(deps, row);
  });
}

/**
 * Two clients with one client id would be indistinguishable in the records of the account in which both work. Throws
 * `client_id_taken`.
 */
async function requireFreeClientId(tx: Tx, live: LiveCaller, audienceId: string, clientId: string): Promise<void> {
  const taken = await asAccount(tx, live.accountId, audienceId, () => isOwnClientId(tx, audienceId, clientId));
  if (taken) throw clientIdTaken();
}

type NewGrant = ClientGrantCreate & { clientId: string; audienceId: string };

async function insertGrant(tx: Tx, clock: Clock, live: LiveCaller, grant: NewGrant): Promise<string> {
  const now = clock.now();
  const inserted = await tx
    .insertInto("client_grants")
    .values({
      account_id: live.accountId,
      id: newId(now),
      client_id: grant.clientId,
      client_ref: grant.client_id,
      audience_account_id: grant.audienceId,
      audience: grant.audience,
      ...splitScopes(grant.scope),
      type: grant.type ?? "client_credentials",
      oidc: grant.oidc ? JSON.stringify(grant.oidc) : null,
      ...madeBy(live.clientId, now),
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

/** A page of grants, newest first. Throws `invalid_audience`. */
export async function getGrants(deps: GrantDeps, accountId: string, query: GrantQuery): Promise<ClientGrantList> {
  const audienceAccountId = query.audience && accountOfAudience(query.audience, deps.acceptedHosts());
  if (query.audience !== undefined && !audienceAccountId) {
    throw invalidAudience(
      "`audience` does not name an account of this server.",
      "/query/audience",
      deps.acceptedHosts(),
    );
  }
  const page = { clientRef: query.client_id, audienceAccountId, after: query.starting_after, limit: query.limit + 1 };
  const rows = await inTenant(deps.db, accountId, (tx) => listGrants(tx, accountId, page));
  const { page: grants, last } = cutPage(rows, query.limit);
  return { client_grants: grants.map((row) => present(deps, row)), ...(last && { starting_after: last.id }) };
}

/**
 * Replaces the scopes; the same ones again change nothing. The caller must hold the scopes that are added; where a scope is removed, it must hold all
 * scopes of the grant. Throws `client_grant_not_found`, `not_own_grant`, `scope_not_held`, `last_admin_client`.
 */
export function updateGrant(
  deps: GrantDeps,
  caller: PowerfulCaller,
  id: string,
  { scope }: ClientGrantUpdate,
): Promise<ClientGrant> {
  return inTenantRevoking(deps.db, caller, { grantId: id }, async (tx, live) => {
    const row = await requireGrant(tx, live, id);
    if (row.account_id !== live.accountId) throw notOwnGrant();
    requireExpected(live, present(deps, row));
    const next = splitScopes(scope);
    const added = next.scopes.filter((entry) => !row.scopes.includes(entry));
    requireCovered(live, added, (entry) => placeOf(scope, entry));
    const now = deps.clock.now();
    const shown = present(deps, row);
    // What was kept without effect may have one now, so the scopes that count are compared, too.
    if (isDeepStrictEqual(scope, shown.scope) && isDeepStrictEqual(next.scopes, row.scopes)) return shown;
    const narrowed = row.scopes.some((entry) => !next.scopes.includes(entry));
    if (narrowed) requireCovered(live, row.scopes);
    await tx
      .updateTable("client_grants")
      .set({ ...next, ...updated(live, now), ...(narrowed && { narrowed_at: deps.clock.realNow() }) })
      .where("account_id", "=", live.accountId)
      .where("id", "=", id)
      .execute();
    const before = present(deps, row);
    const after = present(deps, (await findGrant(tx, live.accountId, id)) as GrantRow);
    await record(tx, deps.clock, live, row, { action: "client_grant.update", before, after });
    return after;
  });
}

/**
 * Removes a grant, also one that the account's operator holds in it; its tokens end within 5 s. Throws
 * `client_grant_not_found`, `scope_not_held`, `last_admin_client`.
 */
export function deleteGrant(deps: GrantDeps, caller: PowerfulCaller, id: string): Promise<ClientGrant> {
  return inTenantRevoking(deps.db, caller, { grantId: id }, async (tx, live) => {
    const row = await requireGrant(tx, live, id);
    requireExpected(live, present(deps, row));
    requireCovered(live, row.scopes);
    const now = deps.clock.now();
    const by = row.account_id === live.accountId ? live : { clientId: `${live.accountId}/${live.clientId}` };
    await tx
      .updateTable("client_grants")
      .set({ removed_at: now, narrowed_at: deps.clock.realNow(), ...updated(by, now) })
      .where("account_id", "=", row.account_id)
      .where("id", "=", id)
      .execute();
    await record(tx, deps.clock, live, row, { action: "client_grant.delete", before: present(deps, row) });
    return present(deps, { ...row, removed_at: now, ...updated(by, now) });
  });
}

async function requireGrant(tx: Tx, live: LiveCaller, id: string): Promise<GrantRow> {
  const row = await findGrant(tx, live.accountId, id);
  if (!row) throw grantNotFound();
  return row;
}

/** Records the change in the logs of both accounts: the client's, and the account that the grant opens. */
async function record(tx: Tx, clock: Clock, live: LiveCaller, row: GrantRow, change: Omit<Change, "subject">) {
  const subject = { type: "client_grant", id: row.id };
  const accounts = new Set([row.account_id, row.audience_account_id]);
  await recordInLogs(
    tx,
    clock,
    live,
    [...accounts].map((accountId) => ({ accountId, subject, ...change })),
  );
}

function updated({ clientId }: Pick<LiveCaller, "clientId">, now: Date) {
  return { updated_at: now, updated_by: clientId };
}

const ownScopes = new Set<string>(allScopes);

/**
 * Parts the scopes of a request into those that this server gives and those that it only keeps. They are parted when they are
 * set, and kept apart: a scope of a later version gives nothing until a caller who may give it sets it again.
 */
function splitScopes(scope: string[]): { scopes: string[]; asked_scopes: string[] } {
  return { scopes: scope.filter((entry) => ownScopes.has(entry)), asked_scopes: scope };
}

function placeOf(scopes: readonly string[], scope: string): string {
  return `/body/scope/${scopes.indexOf(scope)}`;
}

function present({ ownUrl }: GrantDeps, row: GrantRow): ClientGrant {
  const scope = row.asked_scopes ?? row.scopes;
  const withoutEffect = scope.filter((entry) => !row.scopes.includes(entry));
  return {
    id: row.id,
    client_id: row.client_ref,
    client_account_id: row.account_id,
    audience: row.audience ?? `${ownUrl()}/v1/accounts/${row.audience_account_id}`,
    scope,
    ...(withoutEffect.length > 0 && { scope_without_effect: withoutEffect }),
    type: row.type,
    ...(row.oidc && { oidc: row.oidc }),
    created_at: documentedTime(row.created_at),
    created_by: row.created_by,
    updated_at: documentedTime(row.updated_at),
    updated_by: row.updated_by,
    ...(row.removed_at && { deleted_at: documentedTime(row.removed_at), deleted_by: row.updated_by }),
  };
}

function grantNotFound(): ApiError {
  return new ApiError("client_grant_not_found", "There is no such client grant.");
}

function notOwnGrant(): ApiError {
  return new ApiError("not_own_grant", "The grant is the operator's: this account can end it, and not change it.");
}
