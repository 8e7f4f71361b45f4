import {
  type Client,
  type ClientCreated,
  type ClientSecretCreated,
  type ClientSecretInfo,
  clientSecretsMax,
  rotatedSecretSeconds,
} from "@tillkeeper/contract/http/clients";
import { ApiError } from "../../platform/errors.ts";
import { type PowerfulCaller, requireExpected } from "../../platform/http/route.ts";
import { recordChange } from "../audit/audit.ts";
import { inTenantWithLiveGrant } from "../auth/live-grant.ts";
import { newSecret } from "../auth/secrets/secrets.ts";
import { insertSecret } from "../auth/secrets/stored-secrets.ts";
import { type ClientDeps, lockClient, showClient } from "./clients.ts";
import { requireCovered } from "./covered-scopes.ts";
import { scopesOfClient } from "./queries.ts";
import { inTenantRevoking } from "./revoking.ts";

/**
 * Adds a secret; the answer is the only one that shows it. Earlier secrets stay valid until they are deleted. The
 * secret opens all that the client may do, so the caller's scopes must cover that. Throws `client_not_found`,
 * `scope_not_held`, `too_many_secrets`.
 */
export async function addClientSecret(
  deps: ClientDeps,
  caller: PowerfulCaller,
  id: string,
): Promise<ClientSecretCreated> {
  const { accountId } = caller;
  const secret = newSecret();
  return inTenantWithLiveGrant(deps.db, caller, async (tx, live) => {
    const { clientId, before: client } = await lockClient(tx, accountId, id);
    requireExpected(live, client);
    requireCovered(live, await scopesOfClient(tx, accountId, id));
    requireRoom(client);
    const secretId = await insertSecret(tx, deps.clock, { accountId, clientId, secret });
    const { secrets } = await showClient(tx, accountId, id);
    const made = secrets.find((entry) => entry.id === secretId);
    if (!made) throw new Error("the new secret is not there");
    await recordChange(tx, deps.clock, live, {
      action: "client_secret.create",
      subject: { type: "client", id },
      after: made,
    });
    return { ...made, client_secret: secret };
  });
}

function requireRoom({ secrets }: Client): void {
  if (secrets.length < clientSecretsMax) return;
  throw new ApiError("too_many_secrets", `A client has at most ${clientSecretsMax} valid secrets.`);
}

/**
 * Replaces a client's secrets by a new one, which only this answer shows. The earlier secrets end after
 * `rotatedSecretSeconds`, or when an earlier rotation has said; tokens stay valid. So a rotation logs no program out, and
 * leaves no old secret for ever. Throws `client_not_found`, `scope_not_held`, `too_many_secrets`.
 */
export async function rotateClientSecret(deps: ClientDeps, caller: PowerfulCaller, id: string): Promise<ClientCreated> {
  const { accountId } = caller;
  const secret = newSecret();
  return inTenantWithLiveGrant(deps.db, caller, async (tx, live) => {
    const { clientId, before } = await lockClient(tx, accountId, id);
    requireExpected(live, before);
    requireCovered(live, await scopesOfClient(tx, accountId, id));
    requireRoom(before);
    await tx
      .updateTable("client_secrets")
      .set({ expires_at: new Date(deps.clock.realNow().getTime() + rotatedSecretSeconds * 1000) })
      .where("account_id", "=", accountId)
      .where("client_id", "=", clientId)
      .where("revoked_at", "is", null)
      .where("expires_at", "is", null)
      .execute();
    await insertSecret(tx, deps.clock, { accountId, clientId, secret });
    const after = await showClient(tx, accountId, id);
    await recordChange(tx, deps.clock, live, {
      action: "client_secret.rotate",
      subject: { type: "client", id },
      before: { secrets: before.secrets },
      after: { secrets: after.secrets },
    });
    return { ...after, client_secret: secret };
  });
}

/**
 * Revokes a secret. Tokens obtained with it stay valid until they expire. Throws `client_not_found`,
 * `client_secret_not_found`, `scope_not_held`, `last_admin_client`.
 */
export async function deleteClientSecret(
  deps: ClientDeps,
  caller: PowerfulCaller,
  { id, secretId }: { id: string; secretId: string },
): Promise<ClientSecretInfo> {
  const { accountId } = caller;
  return inTenantRevoking(deps.db, caller, { clientRef: id }, async (tx, live) => {
    const { clientId, before: client } = await lockClient(tx, accountId, id);
    requireExpected(live, client);
    requireCovered(live, await scopesOfClient(tx, accountId, id));
    const before = client.secrets.find((entry) => entry.id === secretId);
    if (!before) throw new ApiError("client_secret_not_found", "The client has no such secret.");
    await tx
      .updateTable("client_secrets")
      .set({ revoked_at: deps.clock.now() })
      .where("account_id", "=", accountId)
      .where("client_id", "=", clientId)
      .where("secret_id", "=", secretId)
      .execute();
    await recordChange(tx, deps.clock, live, {
      action: "client_secret.delete",
      subject: { type: "client", id },
      before,
    });
    return before;
  });
}
