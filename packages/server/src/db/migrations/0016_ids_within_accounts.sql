-- Ids that callers choose are theirs alone: docs/adr/0022-power-and-ids.md.

-- Client ids are unique per account, which the primary key says already.
drop index clients_client_id;

-- The client's `id`, for accounts that see a grant of their operator's and none of its clients.
alter table client_grants add column client_ref uuid;
update client_grants set client_ref = clients.id
from clients where clients.account_id = client_grants.account_id and clients.client_id = client_grants.client_id;
alter table client_grants alter column client_ref set not null;

create unique index client_grants_id on client_grants (id);
create index client_grants_audience on client_grants (audience_account_id, created_at desc, id desc);

-- The account that a grant opens sees it and may end it. The trigger keeps it from changing anything else.
create policy audience_sees on client_grants for select using (tillkeeper_sees(audience_account_id));
create policy audience_ends on client_grants for update using (tillkeeper_sees(audience_account_id))
  with check (tillkeeper_sees(audience_account_id) and removed_at is not null);

create function client_grants_others_only_end() returns trigger
language plpgsql as $$
declare
  acting text := nullif(current_setting('tillkeeper.account_id', true), '');
  ending text[] := array['removed_at', 'narrowed_at', 'updated_at', 'updated_by'];
begin
  if acting is null or acting in ('*', old.account_id) then
    return new;
  end if;
  if new.removed_at is null or to_jsonb(new) - ending <> to_jsonb(old) - ending then
    raise exception 'another account can only end a grant';
  end if;
  return new;
end
$$;
create trigger client_grants_others_only_end before update on client_grants
  for each row execute function client_grants_others_only_end();

-- Serial numbers are compared without case. A device is live at most once over all live accounts, so that key cannot be led by
-- the account; a sandbox account stands in the way of none but itself.
drop index terminals_live_serial, terminals_serial, terminal_devices_by_serial;
create unique index terminals_live_serial on terminals (lower(device_serial_number collate "C"))
  where status <> 'DELETED' and account_id like 'P%';
create unique index terminals_sandbox_serial on terminals (account_id, lower(device_serial_number collate "C"))
  where status <> 'DELETED' and account_id like 'T%';
-- Whichever account: for devices that name nothing but their serial number.
create index terminals_serial_anywhere on terminals (lower(device_serial_number collate "C")) where status <> 'DELETED';
create index terminals_serial on terminals (account_id, lower(device_serial_number collate "C"));
create index terminal_devices_by_serial on terminal_devices (account_id, lower(device_serial_number collate "C"));
