-- D11: what an INACTIVE terminal returns to when its store resumes. Older servers never set INACTIVE.
alter table terminals
  add column status_before_inactive text check (status_before_inactive in ('PENDING', 'ACTION_REQUIRED', 'ACTIVE', 'ERROR'));
update terminals set status_before_inactive = 'ACTIVE' where status = 'INACTIVE';
alter table terminals
  add constraint terminals_inactive_remembers check ((status = 'INACTIVE') = (status_before_inactive is not null));

-- Filters of the list, each with the order of its pages.
create index terminals_status on terminals (account_id, status, number);
create index terminals_model on terminals (account_id, device_model, number);
create index terminals_serial on terminals (account_id, device_serial_number);
drop index terminals_store;
create index terminals_store on terminals (account_id, store_ref, number);

-- The credential of a deleted terminal lives on while this operation is PENDING (docs/adr/0007-deleting-a-terminal.md).
alter table terminal_credentials add column ends_with uuid;
create index terminal_credentials_ending on terminal_credentials (account_id, terminal_id) where ends_with is not null;

-- What `search` looks into, one row per terminal. A table of its own because of row-level security: LIKE is not
-- leakproof, so where a policy is in force no index can serve it. Its owner is exempt, and the one function that looks
-- things up runs as the owner and asks the policy's question itself. All it gives away is numbers; the terminals behind
-- them are read through their policy.
-- Both extensions are trusted: the owner of the database may create them.
create extension if not exists pg_trgm;
create extension if not exists btree_gin;

-- Lower case of every script; the C collation of the embedded cluster knows ASCII only.
do $$
begin
  if exists (select from pg_collation where collname = 'und-x-icu') then
    create function tillkeeper_fold(value text) returns text
      language sql immutable parallel safe return lower(value collate "und-x-icu");
  else
    create function tillkeeper_fold(value text) returns text language sql immutable parallel safe return lower(value);
  end if;
end
$$;

create table terminal_search (
  account_id text not null,
  number integer not null,
  text text not null,
  primary key (account_id, number)
);
-- Led by the account, so that what others register does not slow a search down. The list of entries that still have to be
-- sorted in is short, because each search reads it whole.
create index terminal_search_text on terminal_search using gin ((account_id || ':'), text gin_trgm_ops)
  with (gin_pending_list_limit = 256);

alter table terminal_search enable row level security;
create policy own_account on terminal_search using (tillkeeper_sees(account_id));

-- Numbers of terminals with a text, by that index and in no other way: the planner cannot know how rare a text is, and
-- takes a walk over all terminals for cheap. The expression keeps it from the primary key, the setting from the table.
create function tillkeeper_search_terminals(account text, pattern text, most integer) returns setof integer
language sql stable security definer set search_path from current set enable_seqscan = off as $$
  select number from terminal_search
  where tillkeeper_sees(account) and account_id || ':' = account || ':' and text like pattern
  limit most
$$;

-- A line break cannot be searched for, so no hit spans two fields.
create function tillkeeper_terminal_text(
  terminal_id text, serial text, model text, store_id text, store_name text
) returns text language sql immutable parallel safe
return tillkeeper_fold(normalize(concat_ws(e'\n', terminal_id, serial, model, store_id, store_name)));

create function terminal_search_add() returns trigger language plpgsql as $$
begin
  insert into terminal_search (account_id, number, text)
  select added.account_id, added.number,
    tillkeeper_terminal_text(added.terminal_id, added.device_serial_number, added.device_model, stores.store_id, stores.store_name)
  from added join stores on stores.account_id = added.account_id and stores.id = added.store_ref;
  return null;
end
$$;
create trigger terminal_search_add after insert on terminals
  referencing new table as added for each statement execute function terminal_search_add();

create function terminal_search_change() returns trigger language plpgsql as $$
begin
  update terminal_search set text =
    tillkeeper_terminal_text(new.terminal_id, new.device_serial_number, new.device_model, stores.store_id, stores.store_name)
  from stores
  where terminal_search.account_id = new.account_id and terminal_search.number = new.number
    and stores.account_id = new.account_id and stores.id = new.store_ref;
  return null;
end
$$;
create trigger terminal_search_change after update of store_ref, device_model, device_serial_number on terminals
  for each row execute function terminal_search_change();

create function terminal_search_rename() returns trigger language plpgsql as $$
begin
  update terminal_search set text = tillkeeper_terminal_text(
    terminals.terminal_id, terminals.device_serial_number, terminals.device_model, new.store_id, new.store_name
  )
  from terminals
  where terminals.account_id = new.account_id and terminals.store_ref = new.id
    and terminal_search.account_id = terminals.account_id and terminal_search.number = terminals.number;
  return null;
end
$$;
create trigger terminal_search_rename after update of store_id, store_name on stores
  for each row when (old.store_id is distinct from new.store_id or old.store_name is distinct from new.store_name)
  execute function terminal_search_rename();

insert into terminal_search (account_id, number, text)
select terminals.account_id, terminals.number,
  tillkeeper_terminal_text(terminal_id, device_serial_number, device_model, stores.store_id, stores.store_name)
from terminals join stores on stores.account_id = terminals.account_id and stores.id = terminals.store_ref;

create table activations (
  account_id text not null,
  id uuid not null,
  terminal_id text not null,
  -- As it was when the activation began: the terminal may move, the store may be renamed.
  store_id text not null,
  status text not null check (status in ('RUNNING', 'SUCCEEDED', 'EXHAUSTED')),
  attempt integer not null,
  -- When a worker looks next, and when the device is asked next.
  look_at timestamptz not null,
  ask_at timestamptz not null,
  created_at timestamptz not null,
  created_by text not null,
  updated_at timestamptz not null,
  updated_by text not null,
  primary key (account_id, id),
  foreign key (account_id, terminal_id) references terminals
);
create unique index activations_one_running on activations (account_id, terminal_id) where status = 'RUNNING';
create index activations_due on activations (look_at) where status = 'RUNNING';
create index activations_by_terminal on activations (account_id, terminal_id, id);

alter table activations enable row level security;
alter table activations force row level security;
create policy own_account on activations using (tillkeeper_sees(account_id));
