import { type ClientSecretCreated, mostClientSecrets } from "@tillkeeper/contract/http/clients";
import { recordChange } from "../audit/audit.ts";
import { newSecret } from "../auth/secrets.ts";
import { insertSecret } from "../auth/stored-secrets.ts";
import type { Tx } from "../db/db.ts";
import { inTenant } from "../db/tenant.ts";
import { ApiError } from "../platform/errors.ts";
import type { Caller } from "../platform/http/route.ts";
import { type ClientDeps, clientNotFound, showClient } from "./clients.ts";
import { requireCovered } from "./covered-scopes.ts";
import { lockLiveClient } from "./queries.ts";

/**
 * A further secret, shown this once; the others stay valid until they are deleted. Whoever gets it can do all that the
 * client can, so the caller's own scopes must cover that.
 * Throws `client_not_found`, `scope_not_held`, `too_many_secrets`.
 */
export async function addClientSecret(deps: ClientDeps, caller: Caller, id: string): Promise<ClientSecretCreated> {
  const { accountId } = caller;
  const secret = newSecret();
  return inTenant(deps.db, accountId, async (tx) => {
    const { clientId, client } = await hold(tx, accountId, id);
    requireCovered(caller, await scopesOf(tx, accountId, clientId));
    if (client.secrets.length >= mostClientSecrets) {
      throw new ApiError("too_many_secrets", `A client has at most ${mostClientSecrets} valid secrets.`);
    }
    const secretId = await insertSecret(tx, deps.clock, { accountId, clientId, secret });
    const { secrets } = await showClient(tx, accountId, id);
    const made = secrets.find((entry) => entry.id === secretId);
    if (!made) throw new Error("the new secret is not there");
    await recordChange(tx, deps.clock, caller, {
      action: "client_secret.create",
      subject: { type: "client", id },
      after: made,
    });
    return { ...made, client_secret: secret };
  });
}

/** Throws `client_not_found`, `client_secret_not_found`. Tokens that were got with it live on until they expire. */
export async function deleteClientSecret(
  deps: ClientDeps,
  caller: Caller,
  { id, secretId }: { id: string; secretId: string },
): Promise<void> {
  const { accountId } = caller;
  await inTenant(deps.db, accountId, async (tx) => {
    const { clientId, client } = await hold(tx, accountId, id);
    const before = client.secrets.find((entry) => entry.id === secretId);
    if (!before) throw new ApiError("client_secret_not_found", "The client has no such secret.");
    await tx
      .updateTable("client_secrets")
      .set({ revoked_at: deps.clock.now() })
      .where("account_id", "=", accountId)
      .where("client_id", "=", clientId)
      .where("secret_id", "=", secretId)
      .execute();
    await recordChange(tx, deps.clock, caller, {
      action: "client_secret.delete",
      subject: { type: "client", id },
      before,
    });
  });
}

async function hold(tx: Tx, accountId: string, id: string) {
  const held = await lockLiveClient(tx, accountId, id);
  if (!held) throw clientNotFound();
  return { clientId: held.client_id, client: await showClient(tx, accountId, id) };
}

async function scopesOf(tx: Tx, accountId: string, clientId: string): Promise<string[]> {
  const grants = await tx
    .selectFrom("client_grants")
    .select("scopes")
    .where("account_id", "=", accountId)
    .where("client_id", "=", clientId)
    .where("removed_at", "is", null)
    .execute();
  return [...new Set(grants.flatMap((grant) => grant.scopes))];
}
