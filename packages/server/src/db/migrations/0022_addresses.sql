-- Each credential of a terminal is a device with an address of its own (docs/adr/0025-device-addresses.md).
alter table terminals
  -- The number of the last address that was given; it never goes back.
  add column last_device integer not null default 0;

update terminals set last_device = 1
where exists (
  select from terminal_credentials as credential
  where credential.account_id = terminals.account_id and credential.terminal_id = terminals.terminal_id
);

alter table operation_claims
  -- Of an operation that no second device may be sent: the address that the terminal had when it was accepted.
  add column address text;
-- What was sent to a device that has been replaced since is for no other.
update operation_claims as claim set address = claim.terminal_id || case
  when claim.recipient_gone_at is not null then '-D0'
  when case when claim.attempts = 0 then credential.credential_id else claim.sent_to end = credential.credential_id then '-D1'
  else '-D0' end
from terminals left join terminal_credentials as credential
  on credential.account_id = terminals.account_id and credential.terminal_id = terminals.terminal_id
where terminals.account_id = claim.account_id and terminals.terminal_id = claim.terminal_id
  and claim.operation = 'end_of_day';

alter table operation_claims
  drop column recipient_gone_at,
  drop column sent_to,
  drop column sent_at;

alter table terminal_credentials
  add column address text,
  drop column credential_id,
  drop column admitted_at;
update terminal_credentials set address = terminal_id || '-D1';
alter table terminal_credentials alter column address set not null;

alter table virtual_terminal_leases
  -- Given by the server that holds the lease, which has the journal of that address.
  add column address text;
