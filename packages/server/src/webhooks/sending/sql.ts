import type { Pool } from "pg";
import { batchTable } from "../../db/batch-table.ts";
import { type Claimed, lanes } from "./claim.ts";

/**
 * What an update of `hook_deliveries` sets, beside `due_at`, where a delivery is to be sent once more, as after a failure. One that is under
 * way is sent when its attempt has ended: its receiver may have it already.
 */
export const sentAgain = `state = case hook_deliveries.state when 'sending' then 'sending' else 'waiting' end,
  asked_again = hook_deliveries.state = 'sending', lane = ${lanes.slow}, attempts = 0, first_attempt_at = null, finished_at = null`;

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
  lease: ["uuid", (one) => one.delivery.lease],
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
