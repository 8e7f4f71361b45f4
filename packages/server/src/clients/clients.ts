import {
  type Client,
  type ClientCreate,
  type ClientCreated,
  type ClientList,
  type ClientStatus,
  type ClientUpdate,
  clientStatuses,
} from "@tillkeeper/contract/http/clients";
import { recordChange } from "../audit/audit.ts";
import { madeBy } from "../auth/clients.ts";
import { newSecret } from "../auth/secrets.ts";
import { insertSecret } from "../auth/stored-secrets.ts";
import type { Db, Tx } from "../db/db.ts";
import { inTenant } from "../db/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import { ApiError } from "../platform/errors.ts";
import { cutPage } from "../platform/http/paging.ts";
import type { Caller } from "../platform/http/route.ts";
import { newId } from "../platform/ids.ts";
import { presentClient } from "./present.ts";
import { findClient, listClients, lockLiveClient } from "./queries.ts";

export { lockLiveClient } from "./queries.ts";

export interface ClientDeps {
  db: Db;
  clock: Clock;
}

/** Makes a client with one secret, shown this once, and no grant: so far it opens nothing. Throws `client_id_taken`. */
export async function addClient(deps: ClientDeps, caller: Caller, input: ClientCreate): Promise<ClientCreated> {
  const { accountId } = caller;
  const secret = newSecret();
  return inTenant(deps.db, accountId, async (tx) => {
    const now = deps.clock.now();
    const id = newId(now);
    const clientId = input.client_id ?? id;
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
    if (!inserted) {
      throw new ApiError("client_id_taken", "A client with this client_id exists already.", {
        errors: [{ path: "/body/client_id", message: "is taken" }],
      });
    }
    await insertSecret(tx, deps.clock, { accountId, clientId, secret });
    const client = await showClient(tx, accountId, id);
    await recordClientChange(tx, deps.clock, caller, "client.create", { after: client });
    return { ...client, client_secret: secret };
  });
}

/** Throws `client_not_found`, also for clients of other accounts. */
export function getClient(deps: ClientDeps, accountId: string, id: string): Promise<Client> {
  return inTenant(deps.db, accountId, (tx) => showClient(tx, accountId, id));
}

/** The same, inside the caller's transaction. */
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

export async function getClients(deps: ClientDeps, accountId: string, query: ClientQuery): Promise<ClientList> {
  const { status, search, limit, starting_after: after } = query;
  const statuses = status ?? (query.include_deleted ? clientStatuses : ["ACTIVE" as const]);
  const rows = await inTenant(deps.db, accountId, (tx) =>
    listClients(tx, accountId, { statuses, search, after, limit: limit + 1 }),
  );
  const { page, last } = cutPage(rows, limit);
  return { clients: page.map(presentClient), ...(last && { starting_after: last.id }) };
}

/** Replaces what may change; the rest of a client is for life. Throws `client_not_found`. */
export function updateClient(deps: ClientDeps, caller: Caller, id: string, input: ClientUpdate): Promise<Client> {
  return changeClient(deps, caller, { id, action: "client.update" }, async (tx) => {
    await tx
      .updateTable("clients")
      .set({ ...changeableFields(input), updated_at: deps.clock.now(), updated_by: caller.clientId })
      .where("account_id", "=", caller.accountId)
      .where("id", "=", id)
      .execute();
  });
}

/** Ends a client with its secrets and grants; its tokens end within 5 s. Throws `client_not_found`. */
export async function deleteClient(deps: ClientDeps, caller: Caller, id: string): Promise<void> {
  const { accountId } = caller;
  await changeClient(deps, caller, { id, action: "client.delete" }, async (tx, clientId) => {
    const now = deps.clock.now();
    const updated = { updated_at: now, updated_by: caller.clientId };
    await tx
      .updateTable("client_grants")
      .set({ removed_at: now, narrowed_at: now, ...updated })
      .where("account_id", "=", accountId)
      .where("client_id", "=", clientId)
      .where("removed_at", "is", null)
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
  });
}

/** Runs `change` on a live client that is held for it, and records the client before and after. */
function changeClient(
  { db, clock }: ClientDeps,
  caller: Caller,
  { id, action }: { id: string; action: string },
  change: (tx: Tx, clientId: string) => Promise<void>,
): Promise<Client> {
  return inTenant(db, caller.accountId, async (tx) => {
    const held = await lockLiveClient(tx, caller.accountId, id);
    if (!held) throw clientNotFound();
    const before = await showClient(tx, caller.accountId, id);
    await change(tx, held.client_id);
    const after = await showClient(tx, caller.accountId, id);
    await recordClientChange(tx, clock, caller, action, { before, after });
    return after;
  });
}

async function recordClientChange(
  tx: Tx,
  clock: Clock,
  caller: Caller,
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
