-- The close of a store's business day: docs/adr/0038-closings.md. Where a terminal stands follows from closes, attempts and what
-- devices tell; only requests, attempts, and what was so when a closing ended are stored.
create table closings (
  account_id text not null references accounts,
  id uuid not null,
  store_ref text not null,
  business_day date not null,
  -- As the store's configuration had it when the closing was made.
  day_starts_at timestamptz not null,
  day_ends_at timestamptz not null,
  time_zone text not null,
  created_at timestamptz not null,
  created_by text not null,
  asked_at timestamptz not null,
  asked_by text not null,
  retry_until timestamptz not null,
  when_busy text check (when_busy in ('fail', 'wait')),
  expected jsonb,
  -- When a worker looks at it next; null once it has ended.
  look_at timestamptz,
  ended_at timestamptz,
  cancelled_at timestamptz,
  cancelled_by text,
  primary key (account_id, id),
  unique (account_id, store_ref, business_day),
  foreign key (account_id, store_ref) references stores (account_id, id)
);
create index closings_due on closings (look_at) where look_at is not null;
create index closings_by_store on closings (account_id, store_ref, id);
create index closings_age on closings (day_starts_at);
create index closings_by_day on closings (account_id, business_day, id);

create table closing_terminals (
  account_id text not null,
  closing_id uuid not null,
  terminal_id text not null,
  -- When a request last asked for it; null: none did.
  asked_at timestamptz,
  again boolean not null default false,
  -- What was so when the closing ended, of all that is not in closes and attempts.
  frozen jsonb,
  primary key (account_id, closing_id, terminal_id),
  foreign key (account_id, closing_id) references closings (account_id, id) on delete cascade
);

-- An attempt is written down before its operation is asked for, under a key of its own: so whoever sends it, and however often,
-- makes one operation.
create table closing_attempts (
  account_id text not null,
  closing_id uuid not null,
  terminal_id text not null,
  n integer not null,
  at timestamptz not null,
  -- Its operation is asked for in the name of whoever asked then, and with what was asked then: whatever is asked meanwhile, the
  -- repetition of an attempt is the same request.
  asked_by text not null,
  when_busy text check (when_busy in ('fail', 'wait')),
  -- The last close that was known; the operation is accepted only while it still is.
  expected_close uuid,
  request_key uuid not null default gen_random_uuid(),
  operation_id uuid,
  refused text check (refused in ('close_moved', 'not_allowed', 'unsupported', 'gone', 'cancelled')),
  primary key (account_id, closing_id, terminal_id, n),
  foreign key (account_id, closing_id, terminal_id) references closing_terminals on delete cascade
);
create index closing_attempts_by_operation on closing_attempts (account_id, operation_id) where operation_id is not null;

-- The closes of a store, also of terminals that have moved or were deleted since.
create index operations_closes_by_store on operations (account_id, store_ref, id) where operation = 'end_of_day';

-- Idempotency keys of requests.
create table closing_requests (
  account_id text not null,
  client_id text not null,
  request_key uuid not null,
  request_sha256 bytea not null,
  closing_id uuid not null,
  created_at timestamptz not null,
  primary key (account_id, client_id, request_key),
  foreign key (account_id, closing_id) references closings (account_id, id) on delete cascade
);
create index closing_requests_age on closing_requests (created_at);
create index closing_requests_by_closing on closing_requests (account_id, closing_id);

do $$
declare
  name text;
begin
  foreach name in array array['closings', 'closing_terminals', 'closing_attempts', 'closing_requests'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own_account on %I using (tillkeeper_sees(account_id))', name);
    execute format(
      'create policy all_accounts on %I to current_user using (current_setting(''tillkeeper.all_accounts'', true) = ''on'')', name);
  end loop;
end
$$;
