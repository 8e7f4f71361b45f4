-- Events (D33): docs/adr/0039-events.md. Whoever makes one true inserts it into `new_events`, in the same statement or transaction.
-- After the commit the sequencer moves it to `events` and gives it its place, so that no reader sees 7 before 6.
create table new_events (
  -- Rises with causes: what follows from an event is inserted after it. Not in the order of commits.
  seq bigint generated always as identity primary key,
  account_id text not null,
  type text not null,
  -- What made it true, in more detail than the type.
  cause text not null,
  at timestamptz not null,
  -- The id of what changed: of a store, terminal, payout destination, operation, closing or subscription.
  subject text not null,
  -- The store at that time, by its generated id.
  store_ref text,
  terminal_id text,
  -- A client, a terminal, or a part of the server.
  actor text not null,
  request_id text,
  -- What there is to show of the subject. Null: it is read from the row of the subject, of which nothing is lost by later changes.
  data jsonb
);
-- It is empty most of the time, and many rows pass through.
alter table new_events set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, fillfactor = 100);

create table events (
  account_id text not null,
  -- 1, 2, 3 … within the account, without gaps.
  position bigint not null,
  -- Rises over all accounts: the order in which servers take events on. Never shown.
  place bigint not null,
  -- Of the sequencer; another one after each failure of its connection, so that a database that went back gives no id twice.
  epoch text not null,
  -- The real time at which it got its place.
  placed_at timestamptz not null,
  type text not null,
  cause text not null,
  at timestamptz not null,
  subject text not null,
  store_ref text,
  terminal_id text,
  actor text not null,
  request_id text,
  data jsonb,
  primary key (account_id, position, placed_at)
) partition by range (placed_at);
create index events_by_place on events (place);

-- The last position of each account, and its epoch: a reader who has that event is up to date, also when it is not kept any more.
create table event_heads (
  account_id text primary key,
  position bigint not null,
  epoch text not null
);

-- One row: the last place. Who holds its lock is the sequencer.
create table event_turn (
  one boolean primary key default true check (one),
  place bigint not null
);

-- One row: the place of the last event of which closings took notice.
create table closing_news (
  one boolean primary key default true check (one),
  place bigint not null
);

-- Makes the partition of the week of `at`, which begins on a Monday, UTC.
create function tillkeeper_make_event_week(at timestamptz) returns void
language plpgsql security definer set search_path from current as $$
declare
  first timestamptz := date_trunc('week', at, 'UTC');
  partition text := 'events_' || to_char(first at time zone 'UTC', 'YYYY_MM_DD');
begin
  if to_regclass(quote_ident(partition)) is not null then
    return;
  end if;
  execute format('create table %I (like events including all)', partition);
  execute format('alter table %I enable row level security', partition);
  execute format('alter table %I force row level security', partition);
  execute format('create policy own_account on %I using (tillkeeper_sees(account_id))', partition);
  execute format(
    'create policy all_accounts on %I to current_user using (current_setting(''tillkeeper.all_accounts'', true) = ''on'')', partition);
  execute format('alter table events attach partition %I for values from (%L) to (%L)', partition, first, first + interval '7 days');
exception
  -- Another server made it at the same moment.
  when duplicate_table or unique_violation then null;
end
$$;

-- Drops the weeks that ended before `placed_before` and of which no event is from after `before`, oldest first, up to one that stays;
-- answers their partitions. Waits a
-- second at most for readers: it is tried again.
create function tillkeeper_drop_event_weeks(placed_before timestamptz, before timestamptz) returns setof text
language plpgsql security definer set search_path from current set lock_timeout = '1s' as $$
declare
  partition text;
  is_kept boolean;
begin
  for partition in
    select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'events'::regclass
      and relname ~ '^events_\d{4}_\d{2}_\d{2}$'
      and to_date(substr(relname, 8), 'YYYY_MM_DD')::timestamp at time zone 'UTC' + interval '7 days' <= placed_before
    order by relname
  loop
    execute format('select exists (select from %I where at >= $1)', partition) into is_kept using before;
    -- Readers find no gap: what is newer stays as long as what is older.
    exit when is_kept;
    execute format('drop table %I', partition);
    return next partition;
  end loop;
end
$$;

-- They act with the rights of the owner, so they are the server's alone.
revoke execute on function tillkeeper_make_event_week, tillkeeper_drop_event_weeks from public;

do $$
declare
  name text;
begin
  foreach name in array array['new_events', 'events', 'event_heads'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own_account on %I using (tillkeeper_sees(account_id))', name);
    execute format(
      'create policy all_accounts on %I to current_user using (current_setting(''tillkeeper.all_accounts'', true) = ''on'')', name);
  end loop;
  -- Names in these functions mean the tables of this schema, also beside temporary tables of the caller.
  foreach name in array array['tillkeeper_make_event_week', 'tillkeeper_drop_event_weeks'] loop
    execute format('alter function %I set search_path = %I, pg_temp', name, current_schema());
  end loop;
  perform tillkeeper_make_event_week(now());
  perform tillkeeper_make_event_week(now() + interval '7 days');
end
$$;

-- The standing of a closing of which an event was written last, as a digest; a look that finds another one writes the next event.
alter table closings add column told text;
