import { pingEvent } from "@tillkeeper/contract/http/hook-events";
import type { HookConfigInput, HookSecret, HookSubscription } from "@tillkeeper/contract/http/hook-schemas";
import type { HookCreate } from "@tillkeeper/contract/http/hooks";
import { limits } from "@tillkeeper/contract/limits";
import { sql } from "kysely";
import { recordChange } from "../../access/audit/audit.ts";
import { inTenantWithLiveGrant } from "../../access/auth/live-grant.ts";
import type { Db, Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError, invalidRequest } from "../../platform/errors.ts";
import type { RootKey } from "../../platform/folders/root-key.ts";
import { isUuid } from "../../platform/formats.ts";
import { cutPage } from "../../platform/http/paging.ts";
import { type Caller, type PowerfulCaller, requireExpected } from "../../platform/http/route.ts";
import { newId } from "../../platform/ids.ts";
import { readMask } from "../requests/mask.ts";
import { newSigningSecret, sealSecret } from "../requests/secrets.ts";
import { problemOfUrl, type TargetRules } from "../requests/targets.ts";
import { presentSubscription } from "./present.ts";
import {
  countSubscriptions,
  findSecrets,
  findSubscription,
  listSubscriptions,
  type SecretRow,
  type SubscriptionRow,
} from "./queries.ts";

export interface HookDeps {
  db: Db;
  clock: Clock;
  rootKey: RootKey;
  targets: TargetRules;
  /** Something waits to be sent. */
  wake: () => void;
}

/** Creates a subscription and has it pinged. Throws `invalid_request`, `too_many_subscriptions`. */
export async function addSubscription(deps: HookDeps, caller: PowerfulCaller, input: HookCreate) {
  const { config, events, active = true, fields = null, exclude_fields = null, ordered = false } = input;
  await requireTarget(deps, config.url);
  requireMask(fields);
  const signing = newSigningSecret();
  const made = await inTenantWithLiveGrant(deps.db, caller, async (tx, live) => {
    // The lock makes those wait that would create one at the same moment, beyond the limit.
    await tx
      .selectFrom("accounts")
      .select("account_id")
      .where("account_id", "=", live.accountId)
      .forNoKeyUpdate()
      .execute();
    if ((await countSubscriptions(tx, live.accountId)) >= limits.hookSubscriptions) {
      const text = `An account has at most ${limits.hookSubscriptions} webhook subscriptions.`;
      throw new ApiError("too_many_subscriptions", text);
    }
    const now = deps.clock.now();
    const id = newId(now);
    await tx
      .insertInto("hook_subscriptions")
      .values({
        account_id: live.accountId,
        id,
        ...columnsOf(config),
        secret_type: config.secret?.type ?? null,
        events,
        active,
        fields,
        exclude_fields,
        ordered,
        after_position: sql<string>`coalesce((select position from event_heads where account_id = ${live.accountId}), 0)`,
        created_at: now,
        created_by: live.clientId,
        updated_at: now,
        updated_by: live.clientId,
      })
      .execute();
    const key = { accountId: live.accountId, id };
    await insertHookSecret(tx, deps, key, { purpose: "signing", secret: signing });
    if (config.secret) await insertHookSecret(tx, deps, key, { purpose: "config", secret: config.secret });
    const { shown } = await openSubscription(tx, deps, key);
    await insertPing(tx, deps.clock, shown);
    await recordChange(tx, deps.clock, live, {
      action: "hook_subscription.create",
      subject: subjectOf(id),
      after: shown,
    });
    return { ...shown, signing_secret: signing };
  });
  deps.wake();
  return made;
}

/** The columns of a `config`, its secret aside. */
export function columnsOf({ url, insecure_ssl: insecure = 0 }: Pick<HookConfigInput, "url" | "insecure_ssl">) {
  return { url: new URL(url).href, content_type: "application/json", insecure_ssl: insecure === 1 };
}

/** Throws `invalid_request` for an address that events must not be sent to. */
export async function requireTarget({ targets }: Pick<HookDeps, "targets">, url: string): Promise<void> {
  const problem = await problemOfUrl(url, targets);
  if (problem !== undefined) throw invalidRequest({ path: "/body/config/url", message: problem });
}

/** Throws `invalid_request` for a text that is no mask. */
export function requireMask(fields: string | null): void {
  const mask = fields === null ? undefined : readMask(fields);
  if (typeof mask === "string") throw invalidRequest({ path: "/body/fields", message: mask });
}

export interface HookKey {
  accountId: string;
  id: string;
}

export function subjectOf(id: string) {
  return { type: "hook_subscription", id };
}

/** Stores a secret, encrypted. */
export async function insertHookSecret(
  tx: Tx,
  { clock, rootKey }: Pick<HookDeps, "clock" | "rootKey">,
  { accountId, id: subscriptionId }: HookKey,
  { purpose, secret }: { purpose: "signing"; secret: string } | { purpose: "config"; secret: HookSecret },
): Promise<void> {
  const id = newId(clock.now());
  const encrypted = await sealSecret(rootKey, id, secret);
  await tx
    .insertInto("hook_secrets")
    .values({ account_id: accountId, subscription_id: subscriptionId, id, purpose, encrypted, created_at: clock.now() })
    .execute();
}

/** Has a ping sent, whose body is the subscription. */
export async function insertPing(tx: Tx, clock: Clock, shown: HookSubscription): Promise<void> {
  const now = clock.now();
  await tx
    .insertInto("hook_deliveries")
    .values({
      account_id: shown.account_id,
      id: newId(now),
      subscription_id: shown.id,
      event: pingEvent,
      position: null,
      epoch: null,
      state: "waiting",
      lane: 2,
      due_at: now,
      body: JSON.stringify(shown),
      created_at: now,
    })
    .execute();
}

interface Opened {
  row: SubscriptionRow;
  secrets: SecretRow[];
  shown: HookSubscription;
}

/** A subscription in the caller's transaction. Throws `hook_subscription_not_found`. */
export async function openSubscription(
  tx: Tx,
  { clock }: Pick<HookDeps, "clock">,
  { accountId, id }: HookKey,
  options?: { lock: true },
): Promise<Opened> {
  const row = isUuid(id) ? await findSubscription(tx, accountId, id, options) : undefined;
  if (!row) throw subscriptionNotFound();
  const secrets = await findSecrets(tx, accountId, [row.id], clock.realNow());
  return { row, secrets, shown: presentSubscription(row, secrets) };
}

/** Opens a subscription for a change, and compares it with what the caller expects. */
export async function lockSubscription(
  tx: Tx,
  deps: Pick<HookDeps, "clock">,
  caller: Pick<Caller, "accountId" | "expects">,
  id: string,
): Promise<Opened> {
  const opened = await openSubscription(tx, deps, { accountId: caller.accountId, id }, { lock: true });
  requireExpected(caller, opened.shown);
  return opened;
}

export function subscriptionNotFound(): ApiError {
  return new ApiError("hook_subscription_not_found", "There is no such webhook subscription.");
}

/** Throws `hook_subscription_not_found`, also for subscriptions of other accounts. */
export async function getSubscription(deps: HookDeps, accountId: string, id: string): Promise<HookSubscription> {
  return (await inTenant(deps.db, accountId, (tx) => openSubscription(tx, deps, { accountId, id }))).shown;
}

export interface ListWish {
  limit: number;
  starting_after?: string;
  total?: boolean;
}

/** A page of an account's subscriptions, newest first. */
export function getSubscriptions(deps: HookDeps, accountId: string, query: ListWish) {
  return inTenant(deps.db, accountId, async (tx) => {
    const rows = await listSubscriptions(tx, accountId, { ...query, limit: query.limit + 1 });
    const { page, last } = cutPage(rows, query.limit);
    const ids = page.map(({ id }) => id);
    const secrets = await findSecrets(tx, accountId, ids, deps.clock.realNow());
    return {
      subscriptions: page.map((row) => presentSubscription(row, secrets)),
      next: last?.id,
      total: query.total ? await countSubscriptions(tx, accountId) : undefined,
    };
  });
}
