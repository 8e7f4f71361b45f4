import type { Selectable } from "kysely";
import type { Pool } from "pg";
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
    /** Of this claim: one that ends late may be claimed anew by then. */
    lease: string;
  };

/** The lease of a claim, longer than an attempt may take: after it another server takes over. */
const leaseSeconds = 90;

/** Where a request has a place beside others: at its subscription, in its account, at its host. */
export type Place = "subscription" | "account" | "host";

export function placesOf({ subscription_id: id, account_id: account, url }: Claimed): Record<Place, string> {
  return { subscription: `of ${id}`, account: `by ${account}`, host: `at ${url.split("/")[2]}` };
}

/** The same of a subscription. URLs are stored as the URL standard writes them. */
const placeText: Record<Place, string> = {
  subscription: "'of ' || s.id",
  account: "'by ' || s.account_id",
  host: "'at ' || split_part(s.url, '/', 3)",
};
/** A look-up, not a join: hot connections allow nested loops only. */
const underWay = (place: string) => `coalesce(($12::jsonb ->> (${place}))::int, 0)`;

/**
 * Claims the due deliveries of a lane. The subscriptions that wait for something are found by skipping from one to the next in the index,
 * so that what many wait for of one does not hide the others. Of each, as many are looked at as it has room for, in the order of the
 * index: what was made together is due together, and would have to be sorted in each round. Of those to one host, and of one account, no more are
 * taken than there is room for: the first of each subscription before the second of any, else at random. Where not all find a place, the next claim goes on behind the
 * last that did. $1: lane, $2: the subscription behind which to begin, $3: how many subscriptions, $4: now, by business time, $5: how many in
 * all, $6: the lease, $7: now, by real time; how many may be under way to one subscription ($8), to one whose receiver fails ($9), of one account
 * ($10) and to one host ($11); what is: an object of counts by place ($12).
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
), receivers as materialized (
  select s.id, s.account_id, s.url, s.insecure_ssl, s.fields, s.exclude_fields, s.ordered, ${placeText.host} as host,
    case when s.failing_since is null then $8::int else $9::int end - ${underWay(placeText.subscription)} as own_room,
    $10::int - ${underWay(placeText.account)} as account_room, $11::int - ${underWay(placeText.host)} as host_room
  from chosen
  join hook_subscriptions as s on s.id = chosen.subscription_id and s.deleted_at is null
    and ($1 = ${lanes.ping} or (s.active and s.state = 'active'))
), found as (
  select due.id, r.id as subscription_id, r.account_id, r.account_room, r.host, r.host_room,
    row_number() over (partition by r.id) as nth
  from receivers as r
  cross join lateral (
    select d.id from hook_deliveries as d
    where d.subscription_id = r.id and d.state = 'waiting' and d.lane = $1 and d.due_at <= $4
      and (
        not r.ordered or d.position is null or d.position = (
          select min(o.position) from hook_deliveries as o where o.subscription_id = r.id and o.state in ('waiting', 'sending')
        )
      )
    order by d.due_at
    limit greatest(0, least(r.own_room, r.account_room, r.host_room))
  ) as due
), drawn as (
  select found.*, row_number() over (partition by host order by nth, random()) as at_host from found
), hosted as (
  select drawn.*, row_number() over (partition by account_id order by nth, random()) as in_account
  from drawn where at_host <= host_room
), picked as materialized (
  select id, subscription_id from hosted where in_account <= account_room order by subscription_id limit $5
), due as materialized (
  -- Another server, a pause or a failure may have changed it meanwhile. By its id alone: the indexes of what waits would be read whole for each.
  select own.id from picked cross join lateral (
    select d.id from hook_deliveries as d
    where d.id = picked.id and d.state || '' = 'waiting' and d.lane = $1 and d.due_at <= $4
    offset 0
    for update skip locked
  ) as own
), claimed as (
  update hook_deliveries as d
  set state = 'sending', lease = $6, leased_until = now() + interval '${leaseSeconds} seconds', asked_again = false,
    first_attempt_at = coalesce(d.first_attempt_at, $4)
  from due where d.id = due.id
  returning d.id, d.account_id, d.subscription_id, d.event, d.position, d.epoch, d.lane, d.attempts, d.first_attempt_at, d.body, d.lease
), last as (
  select case
    when (select count(*) from picked) = $5 then (select subscription_id from picked order by subscription_id desc limit 1)
    when count(*) = $3 then (array_agg(subscription_id order by subscription_id desc))[1]
  end as id
  from chosen
)
select claimed.*, r.url, r.insecure_ssl, r.fields, r.exclude_fields, last.id as last_id, (
  select coalesce(json_agg(json_build_object('id', k.id, 'purpose', k.purpose, 'encrypted', k.encrypted) order by k.id desc), '[]')
  from hook_secrets as k
  where k.account_id = claimed.account_id and k.subscription_id = claimed.subscription_id
    and (k.expires_at is null or k.expires_at > $7)
) as secrets
from last
left join claimed on true
left join receivers as r on r.id = claimed.subscription_id
order by claimed.position`;

interface ClaimWish {
  lane: Lane;
  behind: string;
  now: Date;
  realNow: Date;
  /** How many in all. */
  free: number;
  /** How many requests are under way at places. */
  underWay: ReadonlyMap<string, number>;
  /** How many there may be to one subscription, to one whose receiver fails, of one account, and to one host. */
  most: Record<Place | "failing", number>;
  lease: string;
}

const subscriptionsAtOnce = 300;
export const firstOfAll = "00000000-0000-0000-0000-000000000000";

/** Claims due deliveries. `next`: the subscription to go on with; after the last it is the first again. */
export async function claimDue(pool: Pool, wish: ClaimWish): Promise<{ claimed: Claimed[]; next: string }> {
  const { most } = wish;
  const { rows } = await pool.query<Claimed & { last_id: string | null }>({
    name: "claim_hook_deliveries",
    text: claimText,
    values: [
      wish.lane,
      wish.behind,
      subscriptionsAtOnce,
      wish.now,
      wish.free,
      wish.lease,
      wish.realNow,
      most.subscription,
      most.failing,
      most.account,
      most.host,
      JSON.stringify(Object.fromEntries(wish.underWay)),
    ],
  });
  return { claimed: rows.filter(({ id }) => id !== null), next: rows[0]?.last_id ?? firstOfAll };
}
