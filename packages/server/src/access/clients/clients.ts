import { isDeepStrictEqual } from "node:util";
import {
  type Client,
  type ClientCreate,
  type ClientCreated,
  type ClientList,
  type ClientPatch,
  type ClientStatus,
  type ClientUpdate,
  clientStatuses,
} from "@tillkeeper/contract/http/clients";
import type { Db, Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError } from "../../platform/errors.ts";
import { cutPage } from "../../platform/http/paging.ts";
import { type PowerfulCaller, requireExpected } from "../../platform/http/route.ts";
import { newId } from "../../platform/ids.ts";
import { recordChange } from "../audit/audit.ts";
import { recordInLogs } from "../audit/record-in-logs.ts";
import { madeBy } from "../auth/clients.ts";
import { inTenantWithLiveGrant, type LiveCaller } from "../auth/live-grant.ts";
import { newSecret } from "../auth/secrets/secrets.ts";
import { insertSecret } from "../auth/secrets/stored-secrets.ts";
import { requireCovered } from "./covered-scopes.ts";
import { presentClient } from "./present.ts";
import {
  findClient,
  isIdOfClient,
  isOperatorClientId,
  listClients,
  lockLiveClient,
  scopesOfClient,
} from "./queries.ts";
import { inTenantRevoking } from "./revoking.ts";

export { isOwnClientId, lockLiveClient } from "./queries.ts";

export interface ClientDeps {
  db: Db;
  clock: Clock;
}

/**
 * Creates a client with one secret, which only this answer shows. It has no grant yet, so it opens nothing. Throws
 * `client_id_taken`.
 */
export async function addClient(deps: ClientDeps, caller: PowerfulCaller, input: ClientCreate): Promise<ClientCreated> {
  const { accountId } = caller;
  const secret = newSecret();
  return inTenantWithLiveGrant(deps.db, caller, async (tx, live) => {
    const now = deps.clock.now();
    const id = newId(now);
    const clientId = input.client_id ?? id;
    if (await isOperatorClientId(tx, accountId, clientId)) throw clientIdTaken();
    if (await isIdOfClient(tx, accountId, clientId)) throw clientIdTaken();
    const inserted = await tx
      .insertInto("clients")
      .values({
        account_id: accountId,
        id,
        client_id: clientId,
        ...changeableFields(input),
        ...madeBy(caller.clientId, now),
        revoked_at: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning("id")
      .executeTakeFirst();
    if (!inserted) throw clientIdTaken();
    await insertSecret(tx, deps.clock, { accountId, clientId, secret });
    const client = await showClient(tx, accountId, id);
    await recordClientChange(tx, deps.clock, live, "client.create", { after: client });
    return { ...client, client_secret: secret };
  });
}

export function clientIdTaken(): ApiError {
  return new ApiError("client_id_taken", "A client with this client_id exists already in the account.", {
    errors: [{ path: "/body/client_id", message: "is taken" }],
  });
}

/** Throws `client_not_found`, also for clients of other accounts. */
export function getClient(deps: ClientDeps, accountId: string, id: string): Promise<Client> {
  return inTenant(deps.db, accountId, (tx) => showClient(tx, accountId, id));
}

/** As `getClient`, in the caller's transaction. */
export async function showClient(tx: Tx, accountId: string, id: string): Promise<Client> {
  const row = await findClient(tx, accountId, id);
  if (!row) throw clientNotFound();
  return presentClient(row);
}

export interface ClientQuery {
  status?: ClientStatus[];
  search?: string;
  include_deleted?: boolean;
  limit: number;
  starting_after?: string;
}

/** A page of clients, newest first. */
export async function getClients(deps: ClientDeps, accountId: string, query: ClientQuery): Promise<ClientList> {
  const { status, search, limit, starting_after: after } = query;
  const statuses = status ?? (query.include_deleted ? clientStatuses : ["ACTIVE" as const]);
  const rows = await inTenant(deps.db, accountId, (tx) =>
    listClients(tx, accountId, { statuses, search, after, limit: limit + 1 }),
  );
  const { page, last } = cutPage(rows, limit);
  return { clients: page.map(presentClient), ...(last && { starting_after: last.id }) };
}

/** Replaces the fields of a client that may change; the same ones again change nothing. Throws `client_not_found`. */
export function updateClient(
  deps: ClientDeps,
  caller: PowerfulCaller,
  id: string,
  input: ClientUpdate,
): Promise<Client> {
  return changeClient(deps, caller, id, changeableFields(input));
}

/** Changes the fields of a client that the request names. Throws `client_not_found`. */
export function patchClient(
  deps: ClientDeps,
  caller: PowerfulCaller,
  id: string,
  { name, description }: ClientPatch,
): Promise<Client> {
  return changeClient(deps, caller, id, {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
  });
}

/** A request that names no field changes nothing, and leaves no audit entry. */
function changeClient(
  { db, clock }: ClientDeps,
  caller: PowerfulCaller,
  id: string,
  values: Partial<ReturnType<typeof changeableFields>>,
): Promise<Client> {
  return inTenantWithLiveGrant(db, caller, async (tx, live) => {
    const { before } = await lockClient(tx, live.accountId, id);
    requireExpected(live, before);
    const known: Partial<Record<string, unknown>> = changeableFields(before);
    if (Object.entries(values).every(([name, value]) => isDeepStrictEqual(value, known[name]))) return before;
    await tx
      .updateTable("clients")
      .set({ ...values, updated_at: clock.now(), updated_by: live.clientId })
      .where("account_id", "=", live.accountId)
      .where("id", "=", id)
      .execute();
    const after = await showClient(tx, live.accountId, id);
    await recordClientChange(tx, clock, live, "client.update", { before, after });
    return after;
  });
}

/**
 * Ends a client with its secrets and grants; its tokens end within 5 s. Throws `client_not_found`, `scope_not_held`,
 * `last_admin_client`.
 */
export function deleteClient({ db, clock }: ClientDeps, caller: PowerfulCaller, id: string): Promise<Client> {
  return inTenantRevoking(db, caller, { clientRef: id }, async (tx, live) => {
    const { before, clientId } = await lockClient(tx, live.accountId, id);
    requireExpected(live, before);
    requireCovered(live, await scopesOfClient(tx, live.accountId, id));
    const ended = await endClient(tx, live, { id, clientId, clock });
    const after = await showClient(tx, live.accountId, id);
    const subject = { type: "client", id };
    await recordInLogs(tx, clock, live, [
      { accountId: live.accountId, action: "client.delete", subject, before, after },
      // Accounts in which the client held a grant log its end, too.
      ...ended.flatMap((grant) =>
        grant.audience_account_id === live.accountId
          ? []
          : [
              {
                accountId: grant.audience_account_id,
                action: "client_grant.delete",
                subject: { type: "client_grant", id: grant.id },
                before: { id: grant.id, client_id: id, client_account_id: live.accountId, scope: grant.scopes },
              },
            ],
      ),
    ]);
    return after;
  });
}

interface Ending {
  id: string;
  clientId: string;
  clock: Clock;
}

/** Returns the grants that end with the client. */
async function endClient(tx: Tx, { accountId, clientId: by }: LiveCaller, { id, clientId, clock }: Ending) {
  const now = clock.now();
  const updated = { updated_at: now, updated_by: by };
  const ended = await tx
    .updateTable("client_grants")
    .set({ removed_at: now, narrowed_at: clock.realNow(), ...updated })
    .where("account_id", "=", accountId)
    .where("client_ref", "=", id)
    .where("removed_at", "is", null)
    .returning(["id", "audience_account_id", "scopes"])
    .execute();
  await tx
    .updateTable("client_secrets")
    .set({ revoked_at: now })
    .where("account_id", "=", accountId)
    .where("client_id", "=", clientId)
    .where("revoked_at", "is", null)
    .execute();
  await tx
    .updateTable("clients")
    .set({ revoked_at: now, ...updated })
    .where("account_id", "=", accountId)
    .where("id", "=", id)
    .execute();
  return ended;
}

/** Locks a live client until the transaction ends. Throws `client_not_found`. */
export async function lockClient(tx: Tx, accountId: string, id: string): Promise<{ clientId: string; before: Client }> {
  const held = await lockLiveClient(tx, accountId, id);
  if (!held) throw clientNotFound();
  return { clientId: held.client_id, before: await showClient(tx, accountId, id) };
}

async function recordClientChange(
  tx: Tx,
  clock: Clock,
  caller: LiveCaller,
  action: string,
  change: { before?: Client; after: Client },
): Promise<void> {
  await recordChange(tx, clock, caller, { action, subject: { type: "client", id: change.after.id }, ...change });
}

function changeableFields({ name, description, callbacks }: ClientUpdate) {
  return { name: name ?? null, description: description ?? null, callbacks: callbacks ?? [] };
}

export function clientNotFound(): ApiError {
  return new ApiError("client_not_found", "There is no such client.");
}
