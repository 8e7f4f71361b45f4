import { sandboxEndpoints as endpoints, type SandboxReset } from "@tillkeeper/contract/http/sandbox";
import { sql } from "kysely";
import { recordChange } from "../access/audit/audit.ts";
import { inTenantWithLiveGrant } from "../access/auth/live-grant.ts";
import { retried } from "../db/retry.ts";
import { inTurn } from "../db/turns.ts";
import type { Clock } from "../platform/clock.ts";
import { bind, type PowerfulCaller, type Route } from "../platform/http/route.ts";
import { requireSandboxAccount } from "./only-here.ts";
import { ensureStores, type StoresDeps, terminalIds } from "./sandbox.ts";

export interface ResetDeps extends StoresDeps {
  clock: Clock;
  /** The account that the sandbox was opened with: it begins with stores and terminals, others with nothing. */
  ownAccount: () => string | undefined;
  /** Ends the connections of a device whose terminal is gone. */
  disconnect: (address: string) => void;
}

/** The route that resets an account; for a live account it looks as if it did not exist. */
export function resetRoutes(deps: ResetDeps): Route[] {
  // One after another: a reset would take the stores away that another one is filling.
  let last: Promise<unknown> = Promise.resolve();
  return [
    bind(
      endpoints.reset,
      ({ caller }) => {
        requireSandboxAccount(caller);
        const done = last.then(() => reset(deps, caller));
        last = done.catch(() => undefined);
        return done;
      },
      // It registers virtual terminals, each with a credential.
      { givesPower: true },
    ),
  ];
}

/**
 * Takes everything from the account but its clients and its audit log, and creates what a new sandbox has, under the same ids. Should
 * the server die in between, its next start creates the rest.
 */
async function reset(deps: ResetDeps, caller: PowerfulCaller): Promise<SandboxReset> {
  const { db, clock, ownAccount, disconnect } = deps;
  const { accountId, clientId } = caller;
  const subject = { type: "account", id: accountId };
  await inTenantWithLiveGrant(db, caller, (tx, live) =>
    recordChange(tx, clock, live, { action: "account.reset", subject }),
  );
  const addresses = await inTurn(db, accountId, () =>
    retried(() =>
      db.sql.transaction().execute(async (tx) => {
        const known = await tx
          .selectFrom("terminal_credentials")
          .select("address")
          .where("account_id", "=", accountId)
          .execute();
        await sql`select tillkeeper_reset_account(${accountId})`.execute(tx);
        return known.map(({ address }) => address);
      }),
    ),
  );
  for (const address of addresses) disconnect(address);
  const isOwn = ownAccount() === accountId;
  if (isOwn) await ensureStores(deps, accountId, clientId);
  else deps.enrolment.virtualTerminalsChanged();
  return {
    store_ids: isOwn ? deps.plan.stores.map(({ store_id: id }) => id) : [],
    terminal_ids: await terminalIds(deps, accountId),
  };
}
