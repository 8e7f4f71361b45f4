-- Log bundles that terminals sent for `send_logs` (docs/adr/0016-log-bundles.md). The row is there before its file and gone
-- after it, so that no file is ever without a row: whatever a crash leaves behind can be found and removed.
create table terminal_logs (
  account_id text not null,
  id uuid not null,
  terminal_id text not null,
  operation_id uuid not null,
  device_serial_number text not null,
  -- receiving: its file may be there in part, whole or not at all. stored: it is there. removing: it is to go.
  state text not null check (state in ('receiving', 'stored', 'removing')),
  -- Of the bytes as they came, to know the same upload again.
  received_sha256 bytea not null,
  -- In the store of files.
  name text not null,
  size bigint,
  unpacked_size bigint,
  sha256 text,
  masked_count bigint,
  created_at timestamptz not null,
  primary key (account_id, id),
  foreign key (account_id, terminal_id) references terminals (account_id, terminal_id),
  check (state <> 'stored' or (size is not null and unpacked_size is not null and sha256 is not null and masked_count is not null))
);
-- One log per operation, however many uploads were tried.
create unique index terminal_logs_operation on terminal_logs (account_id, operation_id) where state = 'stored';
create index terminal_logs_terminal on terminal_logs (account_id, terminal_id, id) where state = 'stored';
-- For the worker that removes what is old or was left behind.
create index terminal_logs_age on terminal_logs (state, created_at);

alter table terminal_logs enable row level security;
alter table terminal_logs force row level security;
create policy own_account on terminal_logs using (tillkeeper_sees(account_id));
