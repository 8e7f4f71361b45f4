import { sentAgain } from "../sending/sql.ts";

/**
 * The subscription s gets the event e: it was made before the event was placed, and was not paused then. What was placed before a
 * pause is for it also when it is taken on during the pause, and what was placed in the pause is not afterwards.
 */
const isFor = `s.deleted_at is null and s.active and s.after_position < e.position
    and (s.paused_position is null or e.position <= s.paused_position or e.position > s.resumed_position)`;

/** By what names subscriptions can ask for an event: $3 are further names, $4 the types that they stand beside. */
const names = `cross join lateral (
    select e.type as name union all select b.name from unnest($3::text[], $4::text[]) as b (name, type) where b.type = e.type
  ) as names`;

/** About the most deliveries that one statement makes: of accounts with many subscriptions it takes fewer events at a time. */
const mostDeliveries = 5_000;

/**
 * Takes on events in the order of their places: a delivery for each subscription that asks for one, and the cursor moves, in one
 * commit. Without the cursor's lock it takes none, so one server works at a time. $1: now, $2: how many at most. An event that was
 * placed after a subscription was committed finds it: both are in the statement's snapshot. What was placed before is not for it.
 */
export const takeText = `
with turn as materialized (
  select place from hook_cursor for update skip locked
), next as materialized (
  select account_id, position, place, epoch, type from events
  where place > (select place from turn) and exists (select from hook_subscriptions where deleted_at is null)
  order by place limit $2
), widths as materialized (
  select account_id, (
    select count(*) from hook_subscriptions as s where s.account_id = accounts.account_id and s.deleted_at is null
  ) as width
  from (select distinct account_id from next) as accounts
), fresh as materialized (
  select * from (
    select next.*, sum(width) over (order by place) - width as made_before from next join widths using (account_id)
  ) as counted
  where made_before < ${mostDeliveries}
), made as (
  insert into hook_deliveries (account_id, id, subscription_id, event, position, epoch, state, lane, due_at, created_at)
  select e.account_id, gen_random_uuid(), s.id, names.name, e.position, e.epoch, 'waiting', case when s.slow then 1 else 0 end, $1, $1
  from fresh as e
  join hook_subscriptions as s on s.account_id = e.account_id and ${isFor}
  ${names}
  where names.name = any (s.events)
  on conflict do nothing
  returning 1
), reached as (
  select coalesce(
    (select max(place) from fresh),
    (select place from event_turn where not exists (select from hook_subscriptions where deleted_at is null))
  ) as place
), moved as (
  update hook_cursor set place = reached.place from reached
  where exists (select from turn) and reached.place is not null and reached.place <> hook_cursor.place
)
select (select count(*)::int from fresh) as taken, (select count(*)::int from made) as made,
  (select count(*) from next) = $2 or (select count(*) from next) > (select count(*) from fresh) as more,
  exists (select from hook_subscriptions where deleted_at is null) as asked`;

/**
 * Carries out a piece of a range of events that is to be sent again. Accounts have their turns by chance, so that one with many or
 * long ranges does not keep the others waiting. What is under way is sent once more afterwards: its receiver may have it already, and
 * ask for it before its answer is written down. The parameters are those of `takeText`.
 */
export const replayText = `
with job as materialized (
  select * from hook_replays
  where account_id = (select account_id from (select distinct account_id from hook_replays) as accounts order by random() limit 1)
  order by id limit 1 for update skip locked
), span as materialized (
  select e.account_id, e.position, e.epoch, e.type from job
  join events as e on e.account_id = job.account_id and e.position between job.from_position and job.to_position
  order by e.position limit $2
), made as (
  insert into hook_deliveries (account_id, id, subscription_id, event, position, epoch, state, lane, due_at, created_at)
  select e.account_id, gen_random_uuid(), s.id, names.name, e.position, e.epoch, 'waiting', 1, $1, $1
  from span as e
  cross join job
  join hook_subscriptions as s on s.account_id = job.account_id and s.id = job.subscription_id and s.deleted_at is null
  ${names}
  where names.name = any (s.events)
  on conflict (subscription_id, epoch, position, event) do update
    set ${sentAgain}, due_at = $1, created_at = $1
    where (select again from job) and hook_deliveries.state <> 'waiting'
  returning 1
), gone as (
  delete from hook_replays using job where hook_replays.id = job.id and (select count(*) from span) < $2
), moved as (
  update hook_replays set from_position = (select max(position) + 1 from span) from job
  where hook_replays.id = job.id and (select count(*) from span) = $2
)
select (select count(*)::int from job) as taken, (select count(*)::int from made) as made, exists (select from job) as more`;
