import { isDeepStrictEqual } from "node:util";
import type { HookRotation, HookSecret, HookSubscription } from "@tillkeeper/contract/http/hook-schemas";
import type { HookUpdate } from "@tillkeeper/contract/http/hooks";
import { recordChange } from "../../access/audit/audit.ts";
import { inTenantWithLiveGrant, type LiveCaller } from "../../access/auth/live-grant.ts";
import type { Tx } from "../../db/db.ts";
import { invalidRequest } from "../../platform/errors.ts";
import type { PowerfulCaller } from "../../platform/http/route.ts";
import { documentedTime } from "../../platform/timestamps.ts";
import { newSigningSecret } from "../requests/secrets.ts";
import {
  columnsOf,
  type HookDeps,
  insertHookSecret,
  lockSubscription,
  openSubscription,
  requireMask,
  requireTarget,
  subjectOf,
} from "./subscriptions.ts";

/** Changes a subscription; fields that are left out stay, and without a change nothing is written. Throws `hook_subscription_not_found`, `invalid_request`. */
export async function updateSubscription(
  deps: HookDeps,
  caller: PowerfulCaller,
  id: string,
  { config, events, active, fields, exclude_fields: excluded, ordered }: HookUpdate,
): Promise<HookSubscription> {
  if (config?.url !== undefined) await requireTarget(deps, config.url);
  requireMask(fields ?? null);
  const changed = await inTenantWithLiveGrant(deps.db, caller, async (tx, live) => {
    const { row, shown: before } = await lockSubscription(tx, deps, live, id);
    const secretType = await replaceSecret(tx, deps, { ...row, accountId: live.accountId }, config?.secret);
    const insecure = config?.insecure_ssl ?? before.config.insecure_ssl;
    const wanted = {
      ...columnsOf({ url: config?.url ?? row.url, insecure_ssl: insecure }),
      ...(events !== undefined && { events }),
      ...(active !== undefined && { active }),
      ...(fields !== undefined && { fields }),
      ...(excluded !== undefined && { exclude_fields: excluded }),
      ...(ordered !== undefined && { ordered }),
    };
    const isSame = Object.entries(wanted).every(([column, value]) =>
      isDeepStrictEqual(row[column as keyof typeof row], value),
    );
    if (isSame && secretType === undefined) return before;
    await tx
      .updateTable("hook_subscriptions")
      .set({
        ...wanted,
        ...(secretType !== undefined && { secret_type: secretType }),
        updated_at: deps.clock.now(),
        updated_by: live.clientId,
      })
      .where("account_id", "=", live.accountId)
      .where("id", "=", id)
      .execute();
    return finish(tx, deps, live, {
      id,
      before,
      action: "hook_subscription.update",
      secretChanged: secretType !== undefined,
    });
  });
  deps.wake();
  return changed;
}

interface Finish {
  id: string;
  before: HookSubscription;
  action: string;
  secretChanged: boolean;
}

/** Reads the changed subscription and writes it into the audit log: of a secret only that it has changed. */
async function finish(
  tx: Tx,
  deps: HookDeps,
  live: LiveCaller,
  { id, before, action, secretChanged }: Finish,
): Promise<HookSubscription> {
  const { shown: after } = await openSubscription(tx, deps, { accountId: live.accountId, id });
  const subject = subjectOf(id);
  const noted = secretChanged ? { ...after, secret_changed: true } : after;
  await recordChange(tx, deps.clock, live, { action, subject, before, after: noted });
  return after;
}

type SecretWish = NonNullable<HookUpdate["config"]>["secret"];
interface SecretOwner {
  accountId: string;
  id: string;
  secret_type: HookSubscription["config"]["secret"] extends infer S
    ? (S extends { type: infer T } ? T : never) | null
    : never;
}

/** Answers the new type of the secret; undefined: it stays. A secret as answers show it, by its type alone, stays, too. */
async function replaceSecret(tx: Tx, deps: HookDeps, owner: SecretOwner, wish: SecretWish) {
  if (wish === undefined) return undefined;
  if (wish !== null && Object.keys(wish).length === 1) {
    if (wish.type === owner.secret_type) return undefined;
    throw invalidRequest({ path: "/body/config/secret", message: "has no value: only its kind is given" });
  }
  await tx
    .deleteFrom("hook_secrets")
    .where("account_id", "=", owner.accountId)
    .where("subscription_id", "=", owner.id)
    .where("purpose", "=", "config")
    .execute();
  if (wish === null) return null;
  await insertHookSecret(tx, deps, owner, { purpose: "config", secret: wish as HookSecret });
  return wish.type;
}

const usualOverlapSeconds = 86_400;
/** More would make the header longer than some receivers take. */
const mostSecrets = 4;

/**
 * Gives a subscription a new signing secret, which only this answer shows, and another secret of `config` if the caller has one.
 * The earlier ones go on signing beside them for a while. Throws `hook_subscription_not_found`.
 */
export async function rotateSecret(
  deps: HookDeps,
  caller: PowerfulCaller,
  id: string,
  { secret, overlap_seconds: overlap = usualOverlapSeconds }: HookRotation,
) {
  const signing = newSigningSecret();
  return inTenantWithLiveGrant(deps.db, caller, async (tx, live) => {
    const { accountId, clientId } = live;
    const { secrets, shown: before } = await lockSubscription(tx, deps, live, id);
    const now = deps.clock.realNow();
    const end = new Date(now.getTime() + overlap * 1000);
    const replaced = secrets.filter(({ purpose }) => purpose === "signing" || secret !== undefined);
    const kept = (purpose: string) => replaced.filter((one) => one.purpose === purpose).slice(0, mostSecrets - 1);
    for (const one of replaced) {
      const staysFor = kept(one.purpose).includes(one) ? end : now;
      if (one.expires_at !== null && one.expires_at <= staysFor) continue;
      await tx
        .updateTable("hook_secrets")
        .set({ expires_at: staysFor })
        .where("account_id", "=", accountId)
        .where("subscription_id", "=", id)
        .where("id", "=", one.id)
        .execute();
    }
    await insertHookSecret(tx, deps, { accountId, id }, { purpose: "signing", secret: signing });
    if (secret) await insertHookSecret(tx, deps, { accountId, id }, { purpose: "config", secret });
    await tx
      .updateTable("hook_subscriptions")
      .set({ ...(secret && { secret_type: secret.type }), updated_at: deps.clock.now(), updated_by: clientId })
      .where("account_id", "=", accountId)
      .where("id", "=", id)
      .execute();
    const change = { id, before, action: "hook_subscription.rotate_secret", secretChanged: true };
    return { ...(await finish(tx, deps, live, change)), signing_secret: signing };
  });
}

/** Deletes a subscription with its secrets; its deliveries stay for their retention. Throws `hook_subscription_not_found`. */
export async function deleteSubscription(
  deps: HookDeps,
  caller: PowerfulCaller,
  id: string,
): Promise<HookSubscription> {
  return inTenantWithLiveGrant(deps.db, caller, async (tx, live) => {
    const { accountId, clientId } = live;
    const { shown: before } = await lockSubscription(tx, deps, live, id);
    const now = deps.clock.now();
    await tx
      .updateTable("hook_subscriptions")
      .set({ deleted_at: now, deleted_by: clientId })
      .where("account_id", "=", accountId)
      .where("id", "=", id)
      .execute();
    await tx.deleteFrom("hook_secrets").where("account_id", "=", accountId).where("subscription_id", "=", id).execute();
    await recordChange(tx, deps.clock, live, { action: "hook_subscription.delete", subject: subjectOf(id), before });
    return { ...before, deleted_at: documentedTime(now), deleted_by: clientId };
  });
}
