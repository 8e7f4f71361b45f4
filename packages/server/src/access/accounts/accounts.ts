import { randomInt } from "node:crypto";
import type { AccountCreate, AccountCreated } from "@tillkeeper/contract/http/accounts";
import { adminScopes } from "@tillkeeper/contract/scopes";
import type { Db, Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError } from "../../platform/errors.ts";
import { newId } from "../../platform/ids.ts";
import { readTimeZone, timeZoneFault } from "../../platform/time-zones.ts";
import { documentedTime } from "../../platform/timestamps.ts";
import { type Actor, creationAction, recordChange } from "../audit/audit.ts";
import { createClient } from "../auth/clients.ts";
import { newSecret } from "../auth/secrets/secrets.ts";
import { showClient } from "../clients/clients.ts";

export interface AccountDeps {
  db: Db;
  clock: Clock;
}

/**
 * The person who runs the server, by the way of the request. Client ids have no colon, so no client can pass for one of
 * these.
 */
export type Maker = Omit<Actor, "accountId"> & { clientId: "tillkeeper:cli" | "tillkeeper:bootstrap" };

/**
 * Creates an account with a first client that holds every scope in it. The answer is the only one that shows the
 * client's secret. Throws `account_id_taken`, and `invalid_request` for an operator that does not exist and for a name that is no
 * time zone.
 */
export async function createAccount(deps: AccountDeps, maker: Maker, input: AccountCreate): Promise<AccountCreated> {
  await checkOperator(deps.db, input);
  const timeZone = input.time_zone === undefined ? undefined : zoneOf(input.time_zone);
  for (;;) {
    const accountId = input.account_id ?? `P${randomInt(10_000_000, 100_000_000)}`;
    const created = await inTenant(deps.db, accountId, (tx) =>
      insertAccount(tx, deps.clock, { ...maker, accountId }, { ...input, timeZone }),
    );
    if (created) return created;
    if (input.account_id !== undefined) {
      throw new ApiError("account_id_taken", `The account ${accountId} exists already.`, {
        errors: [{ path: "/body/account_id", message: "is taken" }],
      });
    }
  }
}

async function insertAccount(
  tx: Tx,
  clock: Clock,
  actor: Actor,
  { name, operator_account_id: operator, timeZone }: AccountCreate & { timeZone: string | undefined },
): Promise<AccountCreated | undefined> {
  const { accountId, clientId: createdBy } = actor;
  const account = await insertRow(tx, clock, accountId, { name, operator, timeZone });
  if (!account) return undefined;
  const secret = newSecret();
  const clientId = newId(clock.now());
  const id = await createClient(tx, clock, {
    accountId,
    clientId,
    name: "First client",
    secret,
    scopes: adminScopes,
    createdBy,
  });
  const client = await showClient(tx, accountId, id);
  await recordCreation(tx, clock, actor, { ...account, client });
  return { ...account, client: { ...client, client_secret: secret } };
}

/** Creates an account without a client, and the first entry of its audit log. Returns false when the id is taken. */
export async function openAccount(tx: Tx, clock: Clock, actor: Actor, name: string): Promise<boolean> {
  const account = await insertRow(tx, clock, actor.accountId, { name });
  if (account) await recordCreation(tx, clock, actor, account);
  return account !== undefined;
}

async function insertRow(
  tx: Tx,
  clock: Clock,
  accountId: string,
  { name, operator, timeZone }: { name: string; operator?: string | undefined; timeZone?: string | undefined },
) {
  const now = clock.now();
  const inserted = await tx
    .insertInto("accounts")
    .values({
      account_id: accountId,
      name,
      operator_account_id: operator ?? null,
      time_zone: timeZone ?? null,
      created_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning("account_id")
    .executeTakeFirst();
  if (!inserted) return undefined;
  return {
    account_id: accountId,
    name,
    ...(operator !== undefined && { operator_account_id: operator }),
    ...(timeZone !== undefined && { time_zone: timeZone }),
    created_at: documentedTime(now),
  };
}

async function recordCreation(tx: Tx, clock: Clock, actor: Actor, after: object): Promise<void> {
  const subject = { type: "account", id: actor.accountId };
  await recordChange(tx, clock, actor, { action: creationAction, subject, after });
}

function zoneOf(name: string): string {
  const { zone, instead } = readTimeZone(name);
  if (zone !== undefined) return zone;
  const message = timeZoneFault(instead);
  const errors = [{ path: "/body/time_zone", message }];
  throw new ApiError("invalid_request", `The time zone ${message}.`, { errors });
}

async function checkOperator(db: Db, { account_id, operator_account_id: operator }: AccountCreate): Promise<void> {
  if (operator === undefined) return;
  const found = await db.sql
    .selectFrom("accounts")
    .select("account_id")
    .where("account_id", "=", operator)
    .executeTakeFirst();
  if (found && operator !== account_id) return;
  throw new ApiError("invalid_request", `There is no account ${operator} that could be the operator.`, {
    errors: [{ path: "/body/operator_account_id", message: "is not the id of another, existing account" }],
  });
}
