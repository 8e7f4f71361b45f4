-- The second wall between tenants (D21): inside `inTenant` a transaction names its account, and rows of others are not
-- there. Outside of it, for workers and statements that filter by account themselves, the setting is empty.
-- PostgreSQL exempts superusers; those take on the role below, which they can make. Anybody else is bound by FORCE.
do $$
begin
  if (select rolsuper or rolbypassrls from pg_roles where rolname = current_user) then
    if not exists (select from pg_roles where rolname = 'tillkeeper_tenant') then
      create role tillkeeper_tenant nologin;
    end if;
  end if;
exception
  -- Another database of the same cluster was migrated at the same moment.
  when duplicate_object or unique_violation then null;
end
$$;

create function tillkeeper_sees(account text) returns boolean
language sql stable parallel safe
return coalesce(nullif(current_setting('tillkeeper.account_id', true), ''), account) = account;

-- Every change, by whom, when, from where, before and after. `entry` is the exact text that `hash` covers, together with
-- the hash of the entry before; the other columns repeat parts of it for filters.
create table audit_log (
  account_id text not null,
  seq bigint not null,
  at timestamptz not null,
  actor text not null,
  action text not null,
  subject_type text not null,
  subject_id text not null,
  entry text not null,
  previous_hash bytea not null,
  hash bytea not null,
  primary key (account_id, seq)
);
create index audit_log_subject on audit_log (account_id, subject_type, subject_id, seq);

-- The end of each account's chain; its lock puts entries in order.
create table audit_heads (
  account_id text primary key,
  seq bigint not null,
  hash bytea not null
);

create function audit_log_is_append_only() returns trigger
language plpgsql as $$
begin
  raise exception 'audit_log is append-only';
end
$$;
create trigger audit_log_append_only before update or delete or truncate on audit_log
  for each statement execute function audit_log_is_append_only();

do $$
declare
  name text;
begin
  foreach name in array array[
    'clients', 'client_secrets', 'client_grants', 'payout_destinations', 'stores', 'terminals', 'terminal_credentials',
    'operations', 'outbox', 'virtual_terminal_leases', 'audit_log', 'audit_heads', 'accounts'
  ] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own_account on %I using (tillkeeper_sees(account_id))', name);
  end loop;
  if (select rolsuper or rolbypassrls from pg_roles where rolname = current_user) then
    execute format('grant usage on schema %I to tillkeeper_tenant', current_schema());
    execute format('grant select, insert, update, delete on all tables in schema %I to tillkeeper_tenant', current_schema());
    execute format('alter default privileges in schema %I grant select, insert, update, delete on tables to tillkeeper_tenant', current_schema());
  end if;
end
$$;
