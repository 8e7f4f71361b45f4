-- Each credential of a terminal is a device with an address of its own (docs/adr/0025-device-addresses.md).
alter table terminals
  -- The number of the last address that was given; it never goes back.
  add column last_device integer not null default 0;

update terminals set last_device = 1
where exists (
  select from terminal_credentials as credential
  where credential.account_id = terminals.account_id and credential.terminal_id = terminals.terminal_id
);

alter table terminal_credentials
  add column address text,
  drop column credential_id,
  drop column admitted_at;
update terminal_credentials set address = terminal_id || '-D1';
alter table terminal_credentials alter column address set not null;

alter table operation_claims
  -- Of an operation that no second device may be sent: the address that the terminal had when it was accepted.
  add column address text,
  drop column recipient_gone_at,
  drop column sent_to,
  drop column sent_at;
update operation_claims set address = terminal_id || '-D1' where operation = 'end_of_day' and terminal_id is not null;

alter table virtual_terminal_leases
  -- Given by the server that holds the lease, which has the journal of that address.
  add column address text;
