import {
  sandboxEndpoints as endpoints,
  type SandboxReset,
  type SandboxSnapshot,
} from "@tillkeeper/contract/http/sandbox";
import { sql } from "kysely";
import { recordChange } from "../access/audit/audit.ts";
import { inTenantWithLiveGrant } from "../access/auth/live-grant.ts";
import { retried } from "../db/retry.ts";
import { inTurn } from "../db/turns.ts";
import type { Clock } from "../platform/clock.ts";
import { bind, type PowerfulCaller, type Route } from "../platform/http/route.ts";
import { beginningOf, ensureStores, type StoresDeps } from "./beginning.ts";
import { requireSandboxAccount } from "./only-here.ts";
import { terminalIds } from "./sandbox.ts";
import { findSnapshot, keepSnapshot, readSnapshot } from "./snapshot.ts";

export interface ResetDeps extends StoresDeps {
  clock: Clock;
  /** The account that the sandbox was opened with: it begins with stores and terminals, others with nothing. */
  ownAccount: () => string | undefined;
  /** Ends the connections of a device whose terminal is gone. */
  disconnect: (address: string) => void;
}

/** The routes that reset an account, and say what to; for a live account they look as if they did not exist. */
export function resetRoutes(deps: ResetDeps): Route[] {
  // One after another: a reset would take the stores away that another one is filling.
  let last: Promise<unknown> = Promise.resolve();
  const inTurnFor = <Result>(caller: { accountId: string }, act: () => Promise<Result>): Promise<Result> => {
    requireSandboxAccount(caller);
    const done = last.then(act);
    last = done.catch(() => undefined);
    return done;
  };
  // Virtual terminals are registered, each with a credential, now or by a later reset.
  return [
    bind(endpoints.reset, ({ caller }) => inTurnFor(caller, () => reset(deps, caller)), { givesPower: true }),
    bind(endpoints.takeSnapshot, ({ caller }) => inTurnFor(caller, () => takeSnapshot(deps, caller)), {
      givesPower: true,
    }),
    bind(endpoints.forgetSnapshot, ({ caller }) => inTurnFor(caller, () => forgetSnapshot(deps, caller)), {
      givesPower: true,
    }),
  ];
}

/**
 * Takes everything from the account but its clients and its audit log, and creates what its snapshot or a new sandbox has, under the same
 * ids. Should the server die in between, its next start creates the rest.
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
  const usual = ownAccount() === accountId ? beginningOf(deps, accountId) : { stores: [], terminals: [] };
  const beginning = (await findSnapshot(db.sql, accountId)) ?? usual;
  await ensureStores(deps, { accountId, clientId }, beginning);
  return {
    store_ids: beginning.stores.map(({ create }) => create.store_id),
    terminal_ids: await terminalIds(deps, accountId, beginning.terminals.length),
  };
}

/** Has the next resets create again what the account has now. */
async function takeSnapshot(deps: ResetDeps, caller: PowerfulCaller): Promise<SandboxSnapshot> {
  const { db, clock } = deps;
  const { accountId } = caller;
  const { stores, terminals, takenAt } = await inTenantWithLiveGrant(db, caller, async (tx, live) => {
    const snapshot = await readSnapshot(tx, accountId, clock.now());
    await keepSnapshot(tx, accountId, snapshot);
    await recordChange(tx, clock, live, { action: "account.snapshot", subject: { type: "account", id: accountId } });
    return snapshot;
  });
  return {
    taken_at: takenAt,
    store_ids: stores.map(({ create }) => create.store_id),
    terminal_ids: await terminalIds(deps, accountId, terminals.length),
  };
}

async function forgetSnapshot({ db, clock }: ResetDeps, caller: PowerfulCaller): Promise<void> {
  const { accountId } = caller;
  const subject = { type: "account", id: accountId };
  await inTenantWithLiveGrant(db, caller, async (tx, live) => {
    await keepSnapshot(tx, accountId, null);
    await recordChange(tx, clock, live, { action: "account.snapshot_forgotten", subject });
  });
}
