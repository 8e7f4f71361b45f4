-- Who is there, and what terminals tell of themselves: docs/adr/0015-presence.md.

-- One row per terminal that was ever heard of, changed by every heartbeat: so there is room beside each row, and no index
-- on anything that a heartbeat changes.
create table terminal_presence (
  account_id text not null,
  terminal_id text not null,
  -- Of the current connection, or the last; null of an agent that names none.
  session text,
  -- As last written, and since when. What is shown follows from the times below.
  status text not null check (status in ('online', 'late', 'offline', 'shut_down')),
  since timestamptz not null,
  connected_at timestamptz not null,
  last_heard_at timestamptz not null,
  -- Null where no heartbeats are promised.
  next_expected_at timestamptz,
  lost_at timestamptz,
  shut_down_at timestamptz,
  round_trip_ms integer,
  -- The last fault that the device told of.
  fault_code text,
  fault_message text,
  fault_at timestamptz,
  fault_ended_at timestamptz,
  primary key (account_id, terminal_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

create table presence_changes (
  account_id text not null,
  terminal_id text not null,
  -- UUIDv7 of `at`: its order is the order of what happened.
  id uuid not null,
  at timestamptz not null,
  status text not null check (status in ('online', 'late', 'offline', 'shut_down')),
  reason text not null check (reason in ('connected', 'heard_again', 'link_lost', 'silent', 'goodbye')),
  primary key (account_id, terminal_id, id)
);
create index presence_changes_age on presence_changes (at);

-- Since when this cluster has been listening without a gap, and when it last said so. One row for all servers.
create table presence_watch (
  one boolean primary key default true check (one),
  since timestamptz not null,
  -- By the clock of the database, which all servers share.
  seen_at timestamptz not null,
  -- When somebody last looked for those who are overdue.
  looked_at timestamptz not null
);

create table terminal_telemetry (
  account_id text not null,
  terminal_id text not null,
  field text not null,
  value jsonb not null,
  -- Since when it has this value, and when it was last told (to five minutes).
  since timestamptz not null,
  at timestamptz not null,
  primary key (account_id, terminal_id, field)
) with (fillfactor = 70);

create table telemetry_history (
  account_id text not null,
  terminal_id text not null,
  id uuid not null,
  at timestamptz not null,
  field text not null,
  value jsonb not null,
  primary key (account_id, terminal_id, id)
);
create index telemetry_history_age on telemetry_history (at);

-- Whether a terminal answers: the last question to each. Any server may ask it, and any may hear the answer.
create table terminal_probes (
  account_id text not null,
  terminal_id text not null,
  probe_id uuid not null,
  created_at timestamptz not null,
  -- By the server that the terminal is connected to.
  sent_at timestamptz,
  answered_at timestamptz,
  primary key (account_id, terminal_id),
  foreign key (account_id, terminal_id) references terminals
);
create index terminal_probes_unsent on terminal_probes (created_at) where sent_at is null;

do $$
declare
  name text;
begin
  foreach name in array array['terminal_presence', 'presence_changes', 'terminal_telemetry', 'telemetry_history', 'terminal_probes'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own_account on %I using (tillkeeper_sees(account_id))', name);
  end loop;
end
$$;

-- Statistics of what the tables will look like, as in 0001: plans of the statements that take heartbeats are made while
-- they are empty, and kept.
insert into terminal_presence (account_id, terminal_id, session, status, since, connected_at, last_heard_at, next_expected_at)
select 'T00000000', 'T00000000-T' || n, n::text, 'online', now(), now(), now(), now() from generate_series(1, 2000) as n;
analyze terminal_presence;
delete from terminal_presence;
insert into terminal_telemetry (account_id, terminal_id, field, value, since, at)
select 'T00000000', 'T00000000-T' || n, 'printer', '"ok"', now(), now() from generate_series(1, 2000) as n;
analyze terminal_telemetry;
delete from terminal_telemetry;

alter table terminal_presence add foreign key (account_id, terminal_id) references terminals;
alter table terminal_telemetry add foreign key (account_id, terminal_id) references terminals;
