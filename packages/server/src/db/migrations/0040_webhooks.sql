-- Webhooks (D25): docs/adr/0041-webhooks.md.
create table hook_subscriptions (
  account_id text not null,
  id uuid not null,
  url text not null,
  content_type text not null,
  insecure_ssl boolean not null,
  -- The names that the caller asked for, those that never fire here included.
  events text[] not null,
  active boolean not null,
  fields text,
  exclude_fields text[],
  ordered boolean not null,
  -- Kind of the secret that the caller set; its value is in hook_secrets.
  secret_type text check (secret_type in ('HMAC-SHA1', 'Authorization', 'AWS4-HMAC-SHA256')),
  state text not null default 'active' check (state in ('active', 'paused')),
  paused_reason text check (paused_reason in ('asked', 'failing')),
  paused_at timestamptz,
  -- The account's last event before it was paused: what came later was missed.
  paused_position bigint,
  -- Since when no attempt has succeeded, by business time; null: the last one did.
  failing_since timestamptz,
  last_success_at timestamptz,
  -- Its receiver is slow or fails: what is sent to it uses the slow lane, where it can delay nobody.
  slow boolean not null default false,
  created_at timestamptz not null,
  created_by text not null,
  updated_at timestamptz not null,
  updated_by text not null,
  deleted_at timestamptz,
  deleted_by text,
  primary key (account_id, id),
  check ((state = 'paused') = (paused_at is not null))
);
create unique index hook_subscriptions_by_id on hook_subscriptions (id);
create index hook_subscriptions_live on hook_subscriptions (account_id) where deleted_at is null;

-- Encrypted by a key that is not in the database. `signing`: the secret of the server; `config`: the one that the caller set.
create table hook_secrets (
  account_id text not null,
  subscription_id uuid not null,
  id uuid not null,
  purpose text not null check (purpose in ('signing', 'config')),
  encrypted text not null,
  created_at timestamptz not null,
  -- Real time; set by the rotation that replaced it.
  expires_at timestamptz,
  primary key (account_id, subscription_id, id),
  foreign key (account_id, subscription_id) references hook_subscriptions (account_id, id) on delete cascade
);

-- One for each subscription and event. A ping has no event.
create table hook_deliveries (
  account_id text not null,
  -- The header event-delivery.
  id uuid primary key,
  subscription_id uuid not null,
  event text not null,
  position bigint,
  epoch text,
  state text not null check (state in ('waiting', 'sending', 'delivered', 'given_up')),
  -- 0: receivers that answer. 1: slow or failing ones, and what is sent again. 2: pings, which are sent while it is paused, too.
  lane smallint not null,
  -- Business time of the next attempt.
  due_at timestamptz not null,
  attempts integer not null default 0,
  -- Business time of the first attempt since it was last asked for.
  first_attempt_at timestamptz,
  -- What is sent, the same in every attempt; null before the first.
  body text,
  -- Real time until which the server that claimed it may take.
  leased_until timestamptz,
  lease uuid,
  created_at timestamptz not null,
  finished_at timestamptz,
  foreign key (account_id, subscription_id) references hook_subscriptions (account_id, id) on delete cascade
);
create unique index hook_deliveries_once on hook_deliveries (subscription_id, epoch, position, event);
create index hook_deliveries_waiting on hook_deliveries (lane, subscription_id, due_at) where state = 'waiting';
create index hook_deliveries_open on hook_deliveries (subscription_id, position) where state in ('waiting', 'sending');
create index hook_deliveries_leased on hook_deliveries (leased_until) where state = 'sending';
create index hook_deliveries_age on hook_deliveries (created_at);
alter table hook_deliveries set (autovacuum_vacuum_scale_factor = 0.02, fillfactor = 80);

create table hook_attempts (
  account_id text not null,
  subscription_id uuid not null,
  id uuid not null,
  delivery_id uuid not null references hook_deliveries (id) on delete cascade,
  number integer not null,
  at timestamptz not null,
  url text not null,
  request_headers jsonb not null,
  -- Null: no answer came.
  status integer,
  response_headers jsonb,
  -- Its beginning.
  response_body text,
  -- Why no answer came.
  error text,
  duration_ms integer not null,
  succeeded boolean not null,
  primary key (account_id, subscription_id, id)
);
create index hook_attempts_of_delivery on hook_attempts (delivery_id);

-- Ranges of events that are to be sent to a subscription, carried out piece by piece.
create table hook_replays (
  account_id text not null,
  subscription_id uuid not null,
  id uuid not null,
  from_position bigint not null,
  to_position bigint not null,
  -- Whether events are sent again that it has had.
  again boolean not null,
  created_at timestamptz not null,
  primary key (id),
  foreign key (account_id, subscription_id) references hook_subscriptions (account_id, id) on delete cascade
);

-- One row, made by the first server: the place of the last event that was taken on. Who holds its lock takes on the next ones.
create table hook_cursor (
  one boolean primary key default true check (one),
  place bigint not null
);

do $$
declare
  name text;
begin
  foreach name in array array['hook_subscriptions', 'hook_secrets', 'hook_deliveries', 'hook_attempts', 'hook_replays'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own_account on %I using (tillkeeper_sees(account_id))', name);
    execute format(
      'create policy all_accounts on %I to current_user using (current_setting(''tillkeeper.all_accounts'', true) = ''on'')', name);
  end loop;
end
$$;

-- Clients that administer an account administer its webhooks (D39). Without this nobody in an account that is older than webhooks
-- could give that scope: a client gives no scope that it does not hold.
update client_grants set
  scopes = scopes || '{admin:hooks}',
  asked_scopes = case when asked_scopes is null or 'admin:hooks' = any (asked_scopes) then asked_scopes else asked_scopes || '{admin:hooks}' end
where removed_at is null and 'admin:accounts' = any (scopes) and not 'admin:hooks' = any (scopes);
