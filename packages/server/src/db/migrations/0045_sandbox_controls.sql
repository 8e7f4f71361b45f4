-- How virtual terminals are made to behave over HTTP: docs/adr/0044-sandbox-controls.md.
create table virtual_terminal_controls (
  account_id text not null,
  terminal_id text not null,
  controls jsonb not null,
  -- Business time at which they end; null: never.
  until timestamptz,
  -- Another one with each change, and the last one that the terminal was told.
  version bigint not null default 1,
  in_force_version bigint not null default 0,
  primary key (account_id, terminal_id),
  foreign key (account_id, terminal_id) references terminals on delete cascade
);
create index virtual_terminal_controls_waiting on virtual_terminal_controls (account_id, terminal_id)
  where version > in_force_version;

-- What is to happen once at a virtual terminal. The trade of its open batch stays here: the terminal may move to a server without its journal.
create table virtual_terminal_actions (
  account_id text not null,
  terminal_id text not null,
  id uuid not null,
  number bigint generated always as identity,
  kind text not null check (kind in ('purchase', 'refund', 'close')),
  amount bigint not null default 0 check (amount >= 0),
  tip bigint not null default 0 check (tip between 0 and amount),
  -- When it happened by the terminal's clock; null: it has not.
  happened_at timestamptz,
  -- Whether there is nothing left to do. A close happens before its result is known.
  done boolean not null default false,
  result jsonb,
  primary key (account_id, id),
  foreign key (account_id, terminal_id) references terminals on delete cascade
);
create index virtual_terminal_actions_waiting on virtual_terminal_actions (number) where not done;
create index virtual_terminal_actions_of_terminal on virtual_terminal_actions (account_id, terminal_id, happened_at);

alter table virtual_terminal_controls enable row level security;
alter table virtual_terminal_controls force row level security;
create policy own_account on virtual_terminal_controls using (tillkeeper_sees(account_id));
create policy all_accounts on virtual_terminal_controls to current_user
  using (current_setting('tillkeeper.all_accounts', true) = 'on');
alter table virtual_terminal_actions enable row level security;
alter table virtual_terminal_actions force row level security;
create policy own_account on virtual_terminal_actions using (tillkeeper_sees(account_id));
create policy all_accounts on virtual_terminal_actions to current_user
  using (current_setting('tillkeeper.all_accounts', true) = 'on');

-- A sandbox account that is reset numbers its stores and terminals anew. Addresses of devices are never given twice all the same: its terminals
-- count theirs from beyond the last one that was given before.
alter table accounts add column first_device integer not null default 0;
create function tillkeeper_first_device() returns trigger language plpgsql as $$
begin
  new.last_device := greatest(new.last_device, (select first_device from accounts where account_id = new.account_id));
  return new;
end
$$;
create trigger first_device before insert on terminals for each row execute function tillkeeper_first_device();

-- Reports stay, but for those of a sandbox account that is reset.
create or replace function closing_reports_are_append_only() returns trigger
language plpgsql as $$
begin
  if tg_op = 'DELETE' and current_setting('tillkeeper.resets', true) = 'on' then
    return null;
  end if;
  raise exception 'closing_reports is append-only';
end
$$;
create function closing_reports_of_live_accounts_stay() returns trigger
language plpgsql as $$
begin
  raise exception 'closing_reports is append-only';
end
$$;
create trigger closing_reports_live before delete on closing_reports
  for each row when (old.account_id not like 'T%') execute function closing_reports_of_live_accounts_stay();

-- Takes everything from a sandbox account but who may use it and what its audit log says. Whoever reads its events gets to know that they
-- are gone: the last position has another epoch. A table that is added later is emptied, too.
create function tillkeeper_reset_account(for_account text) returns void language plpgsql as $$
declare
  kept constant text[] := array[
    'accounts', 'clients', 'client_secrets', 'client_grants', 'audit_log', 'audit_heads', 'event_heads', 'used_nonces'
  ];
  everything text[];
  waiting text[];
  refused text[];
  stuck integer := 0;
  name text;
begin
  if for_account not like 'T%' then
    raise exception 'only a sandbox account is reset';
  end if;
  perform from accounts where account_id = for_account for update;
  update accounts
  set last_store_number = 0, last_terminal_number = 0, last_configuration_number = 0, time_zone = null,
    first_device = greatest(
      first_device, (select coalesce(max(last_device), 0) from terminals where account_id = for_account)
    )
  where account_id = for_account;
  insert into event_heads as head (account_id, position, epoch)
  values (for_account, 1, substr(md5(gen_random_uuid()::text), 1, 8))
  on conflict (account_id) do update set position = head.position + 1, epoch = excluded.epoch;
  perform set_config('tillkeeper.resets', 'on', true);
  delete from operator_destination_stores where operator_account_id = for_account;
  select array_agg(class.relname order by class.relname) into everything
  from pg_class as class join pg_attribute as attribute on attribute.attrelid = class.oid
  where class.relnamespace = current_schema()::regnamespace and class.relkind in ('r', 'p') and not class.relispartition
    and attribute.attname = 'account_id' and class.relname <> all (kept);
  waiting := everything;
  -- A table to which rows of another one point is emptied after that one.
  while array_length(waiting, 1) > 0 loop
    refused := array[]::text[];
    foreach name in array waiting loop
      begin
        execute format('delete from %I where account_id = $1', name) using for_account;
      exception when foreign_key_violation then
        refused := refused || name;
      end;
    end loop;
    if array_length(refused, 1) = array_length(waiting, 1) then
      -- Terminals that are connected have written meanwhile into tables that were empty already.
      stuck := stuck + 1;
      if stuck > 20 then
        raise exception 'rows of other accounts point to %', refused;
      end if;
      refused := everything;
    end if;
    waiting := refused;
  end loop;
  perform set_config('tillkeeper.resets', 'off', true);
end
$$;
revoke execute on function tillkeeper_reset_account from public;
