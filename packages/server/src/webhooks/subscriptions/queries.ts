import { type Kysely, type Selectable, sql } from "kysely";
import type { Tables } from "../../db/tables/schema.ts";

export type SubscriptionRow = Selectable<Tables["hook_subscriptions"]>;
export type SecretRow = Selectable<Tables["hook_secrets"]>;
type Attempt = Selectable<Tables["hook_attempts"]>;
type Delivery = Selectable<Tables["hook_deliveries"]>;
/** An attempt with its delivery. */
export type AttemptRow = Attempt & {
  event: string;
  position: string | null;
  epoch: string | null;
  state: Delivery["state"];
  due_at: Date;
  body: string | null;
};

export function findSubscription(
  db: Kysely<Tables>,
  accountId: string,
  id: string,
  { lock = false } = {},
): Promise<SubscriptionRow | undefined> {
  const query = db
    .selectFrom("hook_subscriptions")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("id", "=", id)
    .where("deleted_at", "is", null);
  return (lock ? query.forUpdate() : query).executeTakeFirst();
}

/** The secrets of subscriptions that have not ended by then, newest first. */
export function findSecrets(
  db: Kysely<Tables>,
  accountId: string,
  ids: readonly string[],
  at: Date,
): Promise<SecretRow[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return db
    .selectFrom("hook_secrets")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("subscription_id", "in", ids)
    .where((where) => where.or([where("expires_at", "is", null), where("expires_at", ">", at)]))
    .orderBy("id", "desc")
    .execute();
}

interface Page {
  limit: number;
  starting_after?: string;
}

/** Subscriptions that are not deleted, newest first. */
export function listSubscriptions(db: Kysely<Tables>, accountId: string, page: Page): Promise<SubscriptionRow[]> {
  let query = db
    .selectFrom("hook_subscriptions")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("deleted_at", "is", null)
    .orderBy("id", "desc")
    .limit(page.limit);
  if (page.starting_after !== undefined) query = query.where("id", "<", page.starting_after);
  return query.execute();
}

export async function countSubscriptions(db: Kysely<Tables>, accountId: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from hook_subscriptions where account_id = ${accountId} and deleted_at is null`.execute(
    db,
  );
  return rows[0]?.count ?? 0;
}

interface OfSubscription {
  accountId: string;
  id: string;
}

interface AttemptFilter extends Page {
  event_delivery?: string;
  success?: boolean;
}

/** A subscription's attempts, newest first. */
export function listAttempts(
  db: Kysely<Tables>,
  { accountId, id }: OfSubscription,
  filter: AttemptFilter,
): Promise<AttemptRow[]> {
  let query = attemptsOf(db, { accountId, id }).orderBy("attempt.id", "desc").limit(filter.limit);
  if (filter.starting_after !== undefined) query = query.where("attempt.id", "<", filter.starting_after);
  if (filter.event_delivery !== undefined) query = query.where("attempt.delivery_id", "=", filter.event_delivery);
  if (filter.success !== undefined) query = query.where("attempt.succeeded", "=", filter.success);
  return query.execute();
}

export async function countAttempts(
  db: Kysely<Tables>,
  of: OfSubscription,
  { event_delivery: delivery, success }: AttemptFilter,
): Promise<number> {
  let query = attemptsOf(db, of).clearSelect();
  if (delivery !== undefined) query = query.where("attempt.delivery_id", "=", delivery);
  if (success !== undefined) query = query.where("attempt.succeeded", "=", success);
  const row = await query.select((one) => one.fn.countAll<string>().as("count")).executeTakeFirst();
  return Number(row?.count ?? 0);
}

export function findAttempt(
  db: Kysely<Tables>,
  of: OfSubscription,
  attemptId: string,
): Promise<AttemptRow | undefined> {
  return attemptsOf(db, of).where("attempt.id", "=", attemptId).executeTakeFirst();
}

function attemptsOf(db: Kysely<Tables>, { accountId, id }: OfSubscription) {
  return db
    .selectFrom("hook_attempts as attempt")
    .innerJoin("hook_deliveries as delivery", "delivery.id", "attempt.delivery_id")
    .selectAll("attempt")
    .select([
      "delivery.event",
      "delivery.position",
      "delivery.epoch",
      "delivery.state",
      "delivery.due_at",
      "delivery.body",
    ])
    .where("attempt.account_id", "=", accountId)
    .where("attempt.subscription_id", "=", id);
}
