import type { ClientCreated } from "@tillkeeper/contract/http/clients";
import { adminScopes } from "@tillkeeper/contract/scopes";
import { inTenant } from "../../db/tenants/tenant.ts";
import { ApiError } from "../../platform/errors.ts";
import { newId } from "../../platform/ids.ts";
import { recordChange } from "../audit/audit.ts";
import { createClient } from "../auth/clients.ts";
import { newSecret } from "../auth/secrets/secrets.ts";
import { showClient } from "../clients/clients.ts";
import type { AccountDeps, Maker } from "./accounts.ts";

/**
 * Creates a further client that holds every scope in an account: the way back for an account that lost its clients or
 * secrets. The answer is the only one that shows the secret. Throws `account_not_found`.
 */
export function addAdministrator(
  { db, clock }: AccountDeps,
  maker: Maker,
  { accountId, name }: { accountId: string; name: string },
): Promise<ClientCreated> {
  return inTenant(db, accountId, async (tx) => {
    const account = await tx
      .selectFrom("accounts")
      .select("account_id")
      .where("account_id", "=", accountId)
      .executeTakeFirst();
    if (!account) throw new ApiError("account_not_found", `There is no account ${accountId}.`);
    const secret = newSecret();
    const clientId = newId(clock.now());
    const { clientId: createdBy } = maker;
    const id = await createClient(tx, clock, { accountId, clientId, name, secret, scopes: adminScopes, createdBy });
    const client = await showClient(tx, accountId, id);
    const actor = { ...maker, accountId };
    const after = { ...client, scope: adminScopes };
    await recordChange(tx, clock, actor, { action: "client.create", subject: { type: "client", id }, after });
    return { ...client, client_secret: secret };
  });
}
