-- Memory is a numbered log for each address, and a close is a compare-and-swap (docs/adr/0026-closes-and-memory.md).
create table terminal_addresses (
  account_id text not null,
  address text not null,
  terminal_id text not null,
  created_at timestamptz not null,
  -- Of a device that was replaced: what it proves itself by when it hands in the rest of its log.
  former_key jsonb,
  -- How far the log is: number and id of the last result, and the id of the last that may have closed a batch.
  number integer not null default 0,
  last_id uuid,
  last_close uuid,
  primary key (account_id, address),
  foreign key (account_id, terminal_id) references terminals
-- Room for the log to be written beside the row.
) with (fillfactor = 70);
create index terminal_addresses_by_terminal on terminal_addresses (account_id, terminal_id);

insert into terminal_addresses (account_id, address, terminal_id, created_at)
select account_id, address, terminal_id, created_at from terminal_credentials;

alter table terminal_addresses enable row level security;
alter table terminal_addresses force row level security;
create policy own_account on terminal_addresses using (tillkeeper_sees(account_id));
create policy all_accounts on terminal_addresses to current_user using (current_setting('tillkeeper.all_accounts', true) = 'on');

alter table operation_claims
  -- Of an end_of_day: the last close of the address that was known when it was accepted.
  add column previous_close uuid,
  -- Of the client and its idempotency key: a device that brings an operation back knows no more of them.
  add column request_key bytea,
  -- The terminal has answered, and nobody could read the facts of it.
  add column invalid_result_at timestamptz;
update operation_claims set request_key = sha256(convert_to(client_id || E'\n' || idempotency_key, 'UTF8'))
where idempotency_key is not null;
alter table operation_claims drop column idempotency_key;
create unique index operation_claims_key on operation_claims (account_id, request_key) where request_key is not null;

-- The database had lost it; the terminal brought it back.
alter table operations add column recovered boolean not null default false;
