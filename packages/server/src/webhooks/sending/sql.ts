import type { Selectable } from "kysely";
import type { Pool } from "pg";
import { batchTable } from "../../db/batch-table.ts";
import type { Tables } from "../../db/tables/schema.ts";
import type { SealedSecret } from "../requests/secrets.ts";

/** What receivers that answer get, what others get, and pings. */
export const lanes = { fast: 0, slow: 1, ping: 2 } as const;
export type Lane = (typeof lanes)[keyof typeof lanes];

type Delivery = Selectable<Tables["hook_deliveries"]>;
type Subscription = Selectable<Tables["hook_subscriptions"]>;

/** A claimed delivery, with what of its subscription the request needs. */
export type Claimed = Pick<
  Delivery,
  | "id"
  | "account_id"
  | "subscription_id"
  | "event"
  | "position"
  | "epoch"
  | "lane"
  | "attempts"
  | "first_attempt_at"
  | "body"
> &
  Pick<Subscription, "url" | "insecure_ssl" | "fields" | "exclude_fields"> & {
    secrets: SealedSecret[];
  };

/** The lease of a claim, longer than an attempt may take: after it another server takes over. */
const leaseSeconds = 90;

/**
 * Claims the due deliveries of a lane. The subscriptions that wait for something are found by skipping from one to the next in the index,
 * so that what many wait for of one does not hide the others. Of each, as many are taken as it has room for, in the order of the
 * index: what was made together is due together, and would have to be sorted in each round. Where not
 * all find a place, the next claim goes on behind the last that did. $1: lane, $2: the subscription behind
 * which to begin, $3: how many subscriptions, $4: now, by business time, $5: how many in all, $6 and $7: what is under way to single
 * subscriptions, $8: how many may be, $9: the lease, $10: now, by real time, $11: accounts that have no room, $12: how many may be
 * to a receiver that fails.
 */
const claimText = `
with recursive waiting as (
  (
    select subscription_id from hook_deliveries
    where state = 'waiting' and lane = $1 and subscription_id > $2 order by subscription_id limit 1
  )
  union all
  select (
    select d.subscription_id from hook_deliveries as d
    where d.state = 'waiting' and d.lane = $1 and d.subscription_id > waiting.subscription_id order by d.subscription_id limit 1
  )
  from waiting where waiting.subscription_id is not null
), chosen as materialized (
  select subscription_id from waiting where subscription_id is not null limit $3
), due as materialized (
  select found.id, s.url, s.insecure_ssl, s.fields, s.exclude_fields
  from chosen
  join hook_subscriptions as s on s.id = chosen.subscription_id and s.deleted_at is null
    and s.account_id <> all ($11::text[]) and ($1 = ${lanes.ping} or (s.active and s.state = 'active'))
  left join unnest($6::uuid[], $7::int[]) as known (id, under_way) on known.id = s.id
  cross join lateral (
    select d.id from hook_deliveries as d
    where d.subscription_id = s.id and d.state = 'waiting' and d.lane = $1 and d.due_at <= $4
      and (
        not s.ordered or d.position is null or d.position = (
          select min(o.position) from hook_deliveries as o where o.subscription_id = s.id and o.state in ('waiting', 'sending')
        )
      )
    order by d.due_at
    limit greatest(0, case when s.failing_since is null then $8::int else $12::int end - coalesce(known.under_way, 0))
    for update skip locked
  ) as found
  limit $5
), claimed as (
  update hook_deliveries as d
  set state = 'sending', lease = $9, leased_until = now() + interval '${leaseSeconds} seconds', asked_again = false,
    first_attempt_at = coalesce(d.first_attempt_at, $4)
  from due where d.id = due.id
  returning d.id, d.account_id, d.subscription_id, d.event, d.position, d.epoch, d.lane, d.attempts, d.first_attempt_at, d.body
), last as (
  select case
    when (select count(*) from due) = $5 then (select subscription_id from claimed order by subscription_id desc limit 1)
    when count(*) = $3 then (array_agg(subscription_id order by subscription_id desc))[1]
  end as id
  from chosen
)
select claimed.*, due.url, due.insecure_ssl, due.fields, due.exclude_fields, last.id as last_id, (
  select coalesce(json_agg(json_build_object('id', k.id, 'purpose', k.purpose, 'encrypted', k.encrypted) order by k.id desc), '[]')
  from hook_secrets as k
  where k.account_id = claimed.account_id and k.subscription_id = claimed.subscription_id
    and (k.expires_at is null or k.expires_at > $10)
) as secrets
from last
left join claimed on true
left join due on due.id = claimed.id
order by claimed.position`;

interface ClaimWish {
  lane: Lane;
  behind: string;
  now: Date;
  realNow: Date;
  /** How many in all. */
  free: number;
  /** How many requests to single subscriptions are under way. */
  underWay: ReadonlyMap<string, number>;
  /** How many there may be to one, and to one whose receiver fails. */
  most: number;
  mostFailing: number;
  /** Accounts that have as many requests under way as they may. */
  fullAccounts: readonly string[];
  lease: string;
}

const subscriptionsAtOnce = 300;
export const firstOfAll = "00000000-0000-0000-0000-000000000000";

/** Claims due deliveries. `next`: the subscription to go on with; after the last it is the first again. */
export async function claimDue(pool: Pool, wish: ClaimWish): Promise<{ claimed: Claimed[]; next: string }> {
  const { rows } = await pool.query<Claimed & { last_id: string | null }>({
    name: "claim_hook_deliveries",
    text: claimText,
    values: [
      wish.lane,
      wish.behind,
      subscriptionsAtOnce,
      wish.now,
      wish.free,
      [...wish.underWay.keys()],
      [...wish.underWay.values()],
      wish.most,
      wish.lease,
      wish.realNow,
      wish.fullAccounts,
      wish.mostFailing,
    ],
  });
  return { claimed: rows.filter(({ id }) => id !== null), next: rows[0]?.last_id ?? firstOfAll };
}

const bodies = batchTable<{ id: string; body: string }>({
  id: ["uuid", (one) => one.id],
  body: ["text", (one) => one.body],
});

/** Stores the body before the first attempt; every further attempt sends it unchanged. */
export async function keepBodies(pool: Pool, rows: readonly { id: string; body: string }[]): Promise<void> {
  await pool.query({
    name: "keep_hook_bodies",
    text: `update hook_deliveries as d set body = given.body from ${bodies.as("given")} where d.id = given.id`,
    values: bodies.values(rows),
  });
}

/** Gives claimed deliveries back, to be sent from `dueAt` on. */
export async function giveBack(
  pool: Pool,
  wish: { lease: string; ids: readonly string[]; dueAt: Date },
): Promise<void> {
  await pool.query({
    name: "give_back_hook_deliveries",
    text: `
update hook_deliveries set state = 'waiting', lease = null, leased_until = null, due_at = greatest(due_at, $3)
where id = any ($2::uuid[]) and lease = $1 and state = 'sending'`,
    values: [wish.lease, wish.ids, wish.dueAt],
  });
}

/** Lets others send what a server had claimed that is gone. Answers how many. */
export async function takeOver(pool: Pool): Promise<number> {
  const { rowCount } = await pool.query({
    name: "take_over_hook_deliveries",
    text: `
update hook_deliveries set state = 'waiting', lease = null, leased_until = null
where id in (select id from hook_deliveries where state = 'sending' and leased_until < now() limit 1000 for update skip locked)`,
  });
  return rowCount ?? 0;
}

/** The receiver of a subscription takes long, or fails: from now on it uses the slow lane. */
export async function useSlowLane(pool: Pool, subscriptionId: string): Promise<void> {
  await pool.query({
    name: "use_slow_lane",
    text: `
with slowed as (
  update hook_subscriptions set slow = true where id = $1 and not slow
)
update hook_deliveries set lane = ${lanes.slow} where subscription_id = $1 and state = 'waiting' and lane = ${lanes.fast}`,
    values: [subscriptionId],
  });
}

/** How an attempt ended. */
export interface Ended {
  delivery: Claimed;
  lease: string;
  attemptId: string;
  /** Business time at which it began. */
  at: Date;
  number: number;
  state: "waiting" | "delivered" | "given_up";
  dueAt: Date;
  succeeded: boolean;
  /** Whether it says something about the receiver: a ping does not. */
  counts: boolean;
  /** It was answered soon. */
  quick: boolean;
  requestHeaders: Record<string, string>;
  status: number | null;
  responseHeaders: Record<string, string> | null;
  responseBody: string | null;
  error: string | null;
  durationMs: number;
}

const ended = batchTable<Ended>({
  id: ["uuid", (one) => one.delivery.id],
  account_id: ["text", (one) => one.delivery.account_id],
  subscription_id: ["uuid", (one) => one.delivery.subscription_id],
  lease: ["uuid", (one) => one.lease],
  attempt_id: ["uuid", (one) => one.attemptId],
  at: ["timestamptz", (one) => one.at],
  number: ["integer", (one) => one.number],
  state: ["text", (one) => one.state],
  due_at: ["timestamptz", (one) => one.dueAt],
  succeeded: ["boolean", (one) => one.succeeded],
  counts: ["boolean", (one) => one.counts],
  quick: ["boolean", (one) => one.quick],
  url: ["text", (one) => one.delivery.url],
  request_headers: ["jsonb", (one) => one.requestHeaders],
  status: ["integer", (one) => one.status],
  response_headers: ["jsonb", (one) => one.responseHeaders],
  response_body: ["text", (one) => one.responseBody],
  error: ["text", (one) => one.error],
  duration_ms: ["integer", (one) => one.durationMs],
});

/** How often the time of the last success is written. */
const successSeconds = 10;

/**
 * Writes down how attempts ended, and what that says of their receivers. The log of an attempt is kept although its claim may have
 * passed to another server. What was asked for meanwhile, and is not tried again anyway, waits to be sent once more.
 */
const endText = `
with done as materialized (
  select * from ${ended.as("done")}
), finished as (
  update hook_deliveries as d
  set state = case when d.asked_again then 'waiting' else done.state end, due_at = done.due_at, lease = null, leased_until = null,
    attempts = case when d.asked_again and done.state <> 'waiting' then 0 else done.number end,
    first_attempt_at = case when d.asked_again and done.state <> 'waiting' then null else d.first_attempt_at end,
    lane = case when d.asked_again or done.state = 'waiting' then ${lanes.slow} else d.lane end,
    finished_at = case when not d.asked_again and done.state <> 'waiting' then done.at end
  from done where d.id = done.id and d.lease = done.lease
), logged as (
  insert into hook_attempts (
    account_id, subscription_id, id, delivery_id, number, at, url, request_headers, status, response_headers, response_body, error,
    duration_ms, succeeded
  )
  select account_id, subscription_id, attempt_id, id, number, at, url, request_headers, status, response_headers, response_body,
    error, duration_ms, succeeded
  from done where exists (select from hook_deliveries as d where d.id = done.id)
), seen as materialized (
  select account_id, subscription_id, bool_or(succeeded) as succeeded, bool_or(succeeded and quick) as quick,
    max(at) filter (where succeeded) as last_at, min(at) as first_at
  from done where counts group by account_id, subscription_id
), health as (
  update hook_subscriptions as s
  set failing_since = case when seen.succeeded then null else coalesce(s.failing_since, seen.first_at) end,
    last_success_at = coalesce(greatest(s.last_success_at, seen.last_at), s.last_success_at),
    slow = case
      when not seen.succeeded then true
      when seen.quick and not exists (
        select from hook_deliveries as d
        where d.subscription_id = s.id and d.state = 'waiting' and d.lane = ${lanes.slow} and d.due_at <= seen.last_at
      ) then false
      else s.slow
    end
  from seen
  where s.account_id = seen.account_id and s.id = seen.subscription_id
    and (
      not seen.succeeded and (s.failing_since is null or not s.slow)
      or seen.succeeded and (
        s.failing_since is not null or s.slow or s.last_success_at is null
        or s.last_success_at < seen.last_at - interval '${successSeconds} seconds'
      )
    )
), moved as (
  update hook_deliveries as d set lane = ${lanes.slow}
  from seen where not seen.succeeded and d.subscription_id = seen.subscription_id and d.state = 'waiting' and d.lane = ${lanes.fast}
)
select 1`;

export async function endAttempts(pool: Pool, rows: readonly Ended[]): Promise<void> {
  await pool.query({ name: "end_hook_attempts", text: endText, values: ended.values(rows) });
}
