-- What is live is a small table, what is over lies in monthly partitions: docs/adr/0011-claims-and-partitions.md.

alter table operations rename to operations_before;
alter table operations_before drop constraint operations_pkey;
drop index operations_one_pending, operations_idempotency, operations_deadline, operations_by_terminal,
  operations_idempotency_age;

create table operations (
  account_id text not null,
  -- UUIDv7: ordered by time, so that a month is a range of ids.
  id uuid not null,
  terminal_id text not null,
  operation text not null check (operation in ('end_of_day', 'send_logs', 'check_update', 'open_menu')),
  status text not null check (status in ('PENDING', 'COMPLETED', 'FAILED', 'TIMEOUT')),
  parameters jsonb not null,
  when_busy text check (when_busy in ('fail', 'wait')),
  deadline timestamptz not null,
  created_at timestamptz not null,
  created_by text not null,
  updated_at timestamptz not null,
  updated_by text not null,
  -- Phases (D17). While the operation is PENDING they stand in its claim.
  dispatched_at timestamptz,
  delivered_at timestamptz,
  started_at timestamptz,
  answered_at timestamptz,
  cancel_requested_at timestamptz,
  cancel_requested_by text,
  cancel_refused_at timestamptz,
  result jsonb,
  reason text,
  error jsonb,
  -- What a terminal answered after TIMEOUT or after it was cancelled; the state stays as the caller saw it (D17).
  late_result jsonb,
  primary key (account_id, id)
) partition by range (id);
create index operations_by_terminal on operations (account_id, terminal_id, id);

-- What an operation occupies: its terminal while it is PENDING, its idempotency key for 48 hours. Also the outbox, and the
-- list of deadlines.
create table operation_claims (
  account_id text not null,
  operation_id uuid not null,
  -- Null once the operation is over.
  terminal_id text,
  -- Also `created_by`.
  client_id text not null,
  idempotency_key uuid,
  request_sha256 bytea,
  operation text not null,
  device_model text,
  created_at timestamptz not null,
  -- Null once the operation is over.
  deadline timestamptz,
  -- When the outbox has to look at it next; null when there is nothing to send.
  due_at timestamptz,
  -- The last time that the command itself was sent, and how often anything was.
  sent_at timestamptz,
  attempts integer not null,
  dispatched_at timestamptz,
  delivered_at timestamptz,
  started_at timestamptz,
  cancel_requested_at timestamptz,
  cancel_requested_by text,
  cancel_refused_at timestamptz,
  primary key (account_id, operation_id)
-- Room for the phases to be written beside the row.
) with (fillfactor = 70);
-- D14: at most one live operation per terminal, whatever the processes in front believe.
create unique index operation_claims_terminal on operation_claims (account_id, terminal_id) where terminal_id is not null;
-- D15: one request per client and key.
create unique index operation_claims_key on operation_claims (account_id, client_id, idempotency_key)
  where idempotency_key is not null;
create index operation_claims_deadline on operation_claims (deadline) where deadline is not null;
create index operation_claims_due on operation_claims (due_at) where due_at is not null;
create index operation_claims_age on operation_claims (created_at) where terminal_id is null;

-- How long operations took, for an honest Retry-After (D14): a histogram per day. Bucket n holds durations from
-- 1.15^n to 1.15^(n+1) milliseconds. Of all accounts together: it tells of models of terminals, not of tenants.
create table operation_durations (
  day date not null,
  operation text not null,
  -- Empty where the model is not known.
  device_model text not null,
  bucket smallint not null,
  count bigint not null,
  primary key (day, operation, device_model, bucket)
);

alter table operation_claims enable row level security;
alter table operation_claims force row level security;
create policy own_account on operation_claims using (tillkeeper_sees(account_id));
alter table operations enable row level security;
alter table operations force row level security;
create policy own_account on operations using (tillkeeper_sees(account_id));

-- No id made at that time or later is lower (RFC 9562, version 7: the first 48 bits are the milliseconds).
create function tillkeeper_lowest_id(at timestamptz) returns uuid language sql stable parallel safe
return (rpad(lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0'), 32, '0'))::uuid;

create function tillkeeper_month_of(at timestamptz) returns timestamptz language sql stable parallel safe
return date_trunc('month', at at time zone 'UTC') at time zone 'UTC';

-- Makes the partition of a month, unless it is there. It is filled, analyzed and emptied before it is attached: plans of
-- the hot statements are made while it is empty, and would otherwise be made without statistics (see 0001).
create function tillkeeper_make_month(at timestamptz) returns void
language plpgsql security definer set search_path from current as $$
declare
  first timestamptz := tillkeeper_month_of(at);
  next timestamptz := tillkeeper_month_of(first + interval '32 days');
  partition text := 'operations_' || to_char(first at time zone 'UTC', 'YYYY_MM');
begin
  if to_regclass(quote_ident(partition)) is not null then
    return;
  end if;
  execute format('create table %I (like operations including all)', partition);
  execute format(
    'insert into %I (account_id, id, terminal_id, operation, status, parameters, deadline, created_at, created_by, updated_at, updated_by)
     select ''T00000000'', gen_random_uuid(), ''T00000000-T'' || n, ''open_menu'', case when n %% 20 = 0 then ''PENDING'' else ''COMPLETED'' end,
       ''{}'', now(), now(), ''x'', now(), ''x''
     from generate_series(1, 2000) as n', partition);
  execute format('analyze %I', partition);
  execute format('delete from %I', partition);
  execute format('alter table %I enable row level security', partition);
  execute format('alter table %I force row level security', partition);
  execute format('create policy own_account on %I using (tillkeeper_sees(account_id))', partition);
  execute format(
    'alter table operations attach partition %I for values from (%L) to (%L)',
    partition, tillkeeper_lowest_id(first), tillkeeper_lowest_id(next)
  );
exception
  -- Another server made it at the same moment.
  when duplicate_table or unique_violation then null;
end
$$;

-- Drops the months that ended (a day or so) before; answers their partitions. Waits a second at most for readers: it is tried again.
create function tillkeeper_drop_months(before timestamptz) returns setof text
language plpgsql security definer set search_path from current set lock_timeout = '1s' as $$
declare
  partition text;
begin
  for partition in
    select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'operations'::regclass
      and relname ~ '^operations_\d{4}_\d{2}$'
      and make_timestamptz(split_part(relname, '_', 2)::int, split_part(relname, '_', 3)::int, 1, 0, 0, 0, 'UTC')
        + interval '32 days' <= before
      -- What is live ends by itself, and soon.
      and not exists (
        select from operation_claims
        where terminal_id is not null and operation_id < tillkeeper_lowest_id(
          make_timestamptz(split_part(relname, '_', 2)::int, split_part(relname, '_', 3)::int, 1, 0, 0, 0, 'UTC') + interval '32 days'
        )
      )
    order by relname
  loop
    execute format('drop table %I', partition);
    return next partition;
  end loop;
end
$$;

-- They act with the rights of the owner, so they are the server's alone. A server that logs in as somebody else needs
-- them granted.
revoke execute on function tillkeeper_make_month, tillkeeper_drop_months from public;

do $$
declare
  at timestamptz;
begin
  for at in select distinct tillkeeper_month_of(created_at) from operations_before loop
    perform tillkeeper_make_month(at);
  end loop;
  perform tillkeeper_make_month(now());
  perform tillkeeper_make_month(now() + interval '1 month');
end
$$;

insert into operations (
  account_id, id, terminal_id, operation, status, parameters, deadline, created_at, created_by, updated_at, updated_by,
  started_at, answered_at, result, reason, error, late_result
)
select
  account_id, id, terminal_id, operation, status, parameters, deadline, created_at, created_by, updated_at, updated_by,
  case when status <> 'PENDING' then started_at end,
  case when status in ('COMPLETED', 'FAILED') then updated_at end, result, reason, error, late_result
from operations_before;

insert into operation_claims (
  account_id, operation_id, terminal_id, client_id, idempotency_key, request_sha256, operation, created_at, deadline,
  due_at, sent_at, attempts, started_at
)
select
  operations_before.account_id, id, case when status = 'PENDING' then operations_before.terminal_id end, client_id,
  idempotency_key, request_sha256, operation, created_at, case when status = 'PENDING' then deadline end,
  case when status = 'PENDING' then due_at end, operations_before.created_at,
  -- Servers of before did not count what they sent at once: whatever is live may have been sent.
  greatest(coalesce(attempts, 1), 1), case when status = 'PENDING' then started_at end
from operations_before left join outbox on outbox.account_id = operations_before.account_id and operation_id = id
where status = 'PENDING' or idempotency_key is not null;

drop table operations_before;
drop table outbox;

-- Statistics of what the claims will look like, as in 0001.
insert into operation_claims (
  account_id, operation_id, terminal_id, client_id, operation, created_at, deadline, due_at, attempts
)
select 'T00000000', gen_random_uuid(), 'T00000000-T' || n, 'x', 'open_menu', now(), now() + n * interval '1 second',
  case when n % 20 = 0 then now() + n * interval '1 second' end, 0
from generate_series(1, 2000) as n;
analyze operation_claims;
delete from operation_claims where account_id = 'T00000000' and client_id = 'x';
