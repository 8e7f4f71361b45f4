-- What the timeline reads by: docs/adr/0040-timeline.md. Each source of it is read by an index, in the order of its instants.

-- When a terminal told a late result, or an operation that the database had lost: `updated_at` says it of the first only while
-- nothing else changes the row.
alter table operations add column told_late_at timestamptz;
update operations set told_late_at = case when recovered then answered_at else updated_at end
where recovered or late_result is not null;
-- No index has a column that the end of an operation changes: rows may then stay on their page (HOT).
create index operations_told_late on operations (account_id, terminal_id, told_late_at, id) where told_late_at is not null;

-- The stores in which terminals were; the one in which a terminal is stands in its own row.
create table terminal_stores (
  account_id text not null,
  -- UUIDv7 of `used_until`.
  id uuid not null,
  terminal_id text not null,
  store_ref text not null,
  used_from timestamptz not null,
  used_until timestamptz not null,
  primary key (account_id, id),
  -- None to its store: the check would lock it behind the terminal, and a suspension locks in the other order.
  foreign key (account_id, terminal_id) references terminals
);
create index terminal_stores_by_terminal on terminal_stores (account_id, terminal_id, id);
create index terminal_stores_by_store on terminal_stores (account_id, store_ref, id);

-- Of moves from before the table, the audit log says the caller's id of the store at that time.
insert into terminal_stores (account_id, id, terminal_id, store_ref, used_from, used_until)
select moved.account_id,
  (substr(tillkeeper_lowest_id(moved.at)::text, 1, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid,
  moved.terminal_id, store.id,
  coalesce(lag(moved.at) over (partition by moved.account_id, moved.terminal_id order by moved.seq), terminals.created_at),
  moved.at
from (
  select account_id, seq, at, subject_id as terminal_id, entry::jsonb -> 'before' ->> 'store_id' as store_id
  from audit_log
  where action = 'terminal.update' and subject_type = 'terminal'
    and entry::jsonb -> 'before' ->> 'store_id' <> entry::jsonb -> 'after' ->> 'store_id'
) as moved
join terminals on terminals.account_id = moved.account_id and terminals.terminal_id = moved.terminal_id
join lateral (
  select id from stores
  where stores.account_id = moved.account_id and stores.store_id = moved.store_id and stores.created_at <= moved.at
  order by stores.number desc limit 1
) as store on true;

alter table terminal_stores enable row level security;
alter table terminal_stores force row level security;
create policy own_account on terminal_stores using (tillkeeper_sees(account_id));
create policy all_accounts on terminal_stores to current_user using (current_setting('tillkeeper.all_accounts', true) = 'on');

create index audit_log_subject_at on audit_log (account_id, subject_type, subject_id, at, seq);
create index closings_ended on closings (account_id, store_ref, ended_at, id) where ended_at is not null;
create index closings_cancelled on closings (account_id, store_ref, cancelled_at, id) where cancelled_at is not null;
create index closing_attempts_by_terminal on closing_attempts (account_id, terminal_id, at, closing_id, n);
create index configurations_made on configurations (account_id, store_ref, created_at, version);
create index configurations_withdrawn on configurations (account_id, store_ref, withdrawn_at, version) where withdrawn_at is not null;
