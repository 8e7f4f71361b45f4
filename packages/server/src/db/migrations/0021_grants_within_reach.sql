-- A tenant's transaction gives its clients grants for its own account, and for those that it is operator of: the second wall
-- behind the same check in the server (docs/adr/0023-keys-and-walls.md).

-- Looks beyond the account of the transaction, at the one question whether that account is operator of the other.
create function tillkeeper_reaches(own text, other text) returns boolean
language plpgsql security definer as $$
declare
  before text := coalesce(current_setting('tillkeeper.all_accounts', true), '');
  operates boolean;
begin
  if own = other then
    return true;
  end if;
  -- SECURITY DEFINER leaves the role that the caller has taken on in this setting.
  if current_setting('role') = 'tillkeeper_tenant' and not coalesce(tillkeeper_sees(own), false) then
    return false;
  end if;
  perform set_config('tillkeeper.all_accounts', 'on', true);
  select exists (select from accounts where account_id = other and operator_account_id = own) into operates;
  perform set_config('tillkeeper.all_accounts', before, true);
  return operates;
end
$$;
do $$
begin
  execute format('alter function tillkeeper_reaches set search_path = %I, pg_temp', current_schema());
end
$$;

create policy within_reach on client_grants as restrictive for insert
  with check (tillkeeper_reaches(account_id, audience_account_id));
