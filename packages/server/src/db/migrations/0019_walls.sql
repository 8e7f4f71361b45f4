-- Keys and walls in the database: docs/adr/0023-keys-and-walls.md.

-- Private keys are encrypted with a key that is not in the database. Servers do so at their start with what they find in
-- private_jwk, because no migration has the key.
alter table signing_keys
  alter column private_jwk drop not null,
  add column encrypted_private_jwk text,
  add constraint signing_keys_one_private_key check ((private_jwk is null) <> (encrypted_private_jwk is null));

-- Row security fails closed: without an account set there are no rows. Only the owner of a table may say that it works for
-- all accounts, and PostgreSQL itself keeps that policy from every other role, the tenants' role included.
create or replace function tillkeeper_sees(account text) returns boolean
language sql stable parallel safe
return account = current_setting('tillkeeper.account_id', true);

do $$
declare
  found record;
begin
  for found in
    select relname as name, pg_get_userbyid(relowner) as owner from pg_class
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and relforcerowsecurity
  loop
    execute format(
      'create policy all_accounts on %I to %I using (current_setting(''tillkeeper.all_accounts'', true) = ''on'')',
      found.name, found.owner
    );
  end loop;
end
$$;

-- As 0007 has it, with that policy.
create or replace function tillkeeper_make_month(at timestamptz) returns void
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
    'create policy all_accounts on %I to current_user using (current_setting(''tillkeeper.all_accounts'', true) = ''on'')', partition);
  execute format(
    'alter table operations attach partition %I for values from (%L) to (%L)',
    partition, tillkeeper_lowest_id(first), tillkeeper_lowest_id(next)
  );
exception
  -- Another server made it at the same moment.
  when duplicate_table or unique_violation then null;
end
$$;

-- Since when servers have listened is nothing of one account; the tenants' role reads it, and changes it in no way.
create function tillkeeper_presence_watch() returns setof presence_watch language sql stable security definer as $$
  select * from presence_watch
$$;

-- What `search` looks into is written with the rights of the owner, so that the tenants' role needs none there. A temporary
-- table of the caller must not come before the tables that are meant.
do $$
declare
  signature regprocedure;
begin
  foreach signature in array array[
    'terminal_search_add()', 'terminal_search_change()', 'terminal_search_rename()', 'store_search_write()'
  ]::regprocedure[] loop
    execute format('alter function %s security definer', signature);
  end loop;
  for signature in
    select oid::regprocedure from pg_proc where pronamespace = current_schema()::regnamespace and prosecdef
  loop
    execute format('alter function %s set search_path = %I, pg_temp', signature, current_schema());
  end loop;
end
$$;
