-- When the server closes the days of each store by itself: docs/adr/0042-autopilot.md.
create table store_autopilot (
  account_id text not null,
  store_ref text not null,
  -- The first business day that is not dealt with; null before the first look, and while the autopilot is off.
  business_day date,
  -- Since when that day is being closed. What came of it is looked at once the time to try, `until`, is over.
  asked_at timestamptz,
  until timestamptz,
  -- When a worker looks at it next.
  look_at timestamptz not null default 'epoch',
  -- Another one after each change of the row or of the store: a look that began before changes nothing.
  version bigint not null default 1,
  primary key (account_id, store_ref),
  foreign key (account_id, store_ref) references stores (account_id, id) on delete cascade
);
create index store_autopilot_due on store_autopilot (look_at);

alter table store_autopilot enable row level security;
alter table store_autopilot force row level security;
create policy own_account on store_autopilot using (tillkeeper_sees(account_id));
create policy all_accounts on store_autopilot to current_user using (current_setting('tillkeeper.all_accounts', true) = 'on');

-- Whoever changes a store has its next time looked at anew: a trigger cannot be forgotten. It acts with the rights of the owner, on rows of
-- the account of the changed row only.
create function tillkeeper_plan_autopilot() returns trigger language plpgsql security definer set search_path from current as $$
begin
  insert into store_autopilot (account_id, store_ref) values (new.account_id, new.id)
  on conflict (account_id, store_ref) do update set look_at = 'epoch', version = store_autopilot.version + 1;
  return null;
end
$$;
create trigger plan_autopilot
  after insert or update of configuration, address, organization, status on stores
  for each row execute function tillkeeper_plan_autopilot();

create function tillkeeper_plan_autopilots() returns trigger language plpgsql security definer set search_path from current as $$
begin
  update store_autopilot set look_at = 'epoch', version = version + 1 where account_id = new.account_id;
  return null;
end
$$;
create trigger plan_autopilots after update of time_zone on accounts
  for each row when (new.time_zone is distinct from old.time_zone) execute function tillkeeper_plan_autopilots();
revoke execute on function tillkeeper_plan_autopilot, tillkeeper_plan_autopilots from public;
do $$
declare
  name text;
begin
  -- Names in these functions mean the tables of this schema, also beside temporary tables of the caller.
  foreach name in array array['tillkeeper_plan_autopilot', 'tillkeeper_plan_autopilots'] loop
    execute format('alter function %I set search_path = %I, pg_temp', name, current_schema());
  end loop;
end
$$;

-- Of stores from before, the first time to close is one that comes after the first look.
insert into store_autopilot (account_id, store_ref) select account_id, id from stores where status <> 'DELETED';
