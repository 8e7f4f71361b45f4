-- People who sign in: docs/adr/0045-people.md.

-- A person, once per server, whichever accounts it belongs to. No tenant's transaction sees it.
create table people (
  id uuid primary key,
  -- In lower case.
  email text not null unique check (email = lower(email)),
  name text not null,
  language text check (language in ('en', 'nb', 'sv', 'da')),
  -- `scrypt$N$r$p$salt$key`.
  password_hash text not null,
  created_at timestamptz not null
);

-- Persons as the users of accounts. What they are elsewhere is not here, so that no account learns of another.
create table account_users (
  account_id text not null references accounts (account_id),
  -- In `created_by` of what the user does in this account.
  id uuid not null,
  email text not null,
  name text not null,
  role text not null check (role in ('store', 'operations', 'admin')),
  -- The generated ids of the stores that the user is limited to.
  stores text[] check ((role = 'store') = (stores is not null)),
  language text check (language in ('en', 'nb', 'sv', 'da')),
  -- The person who has accepted the invitation.
  person_id uuid references people (id),
  accepted_at timestamptz check ((accepted_at is null) = (person_id is null)),
  created_at timestamptz not null,
  created_by text not null,
  updated_at timestamptz not null,
  updated_by text not null,
  removed_at timestamptz,
  primary key (account_id, id)
);
create unique index account_users_email on account_users (account_id, lower(email)) where removed_at is null;
create index account_users_person on account_users (person_id) where removed_at is null;

-- Links that let a person in once. Of the token behind the link there is a digest.
create table sign_in_links (
  account_id text not null,
  user_id uuid not null,
  token_sha256 bytea primary key,
  purpose text not null check (purpose in ('invitation', 'reset', 'sign_in')),
  -- Real time, as of the sessions: a sandbox's clock moves neither.
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  foreign key (account_id, user_id) references account_users on delete cascade
);
create index sign_in_links_user on sign_in_links (account_id, user_id);
create index sign_in_links_age on sign_in_links (expires_at);

-- Ended sessions stay for some weeks: they tell from which networks a person signs in.
create table sessions (
  id uuid primary key,
  person_id uuid not null references people (id),
  token_sha256 bytea not null unique,
  created_at timestamptz not null,
  seen_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  address text not null,
  network text not null,
  user_agent text not null
);
create index sessions_person on sessions (person_id, created_at);
create index sessions_age on sessions (created_at);

do $$
declare
  name text;
begin
  foreach name in array array['account_users', 'sign_in_links'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own_account on %I using (tillkeeper_sees(account_id))', name);
    execute format(
      'create policy all_accounts on %I to current_user using (current_setting(''tillkeeper.all_accounts'', true) = ''on'')', name);
  end loop;
end
$$;

-- As of migration 0045; users stay, as clients do.
create or replace function tillkeeper_reset_account(for_account text) returns void language plpgsql as $$
declare
  kept constant text[] := array[
    'accounts', 'clients', 'client_secrets', 'client_grants', 'audit_log', 'audit_heads', 'event_heads', 'used_nonces',
    'account_users', 'sign_in_links'
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
