-- Tenants come first in every key. Names are the glossary's.

create table accounts (
  account_id text primary key check (account_id ~ '^[PT](\d{3}|\d{8})$'),
  name text not null,
  operator_account_id text references accounts,
  -- Counters behind `{account}-0001` and `{account}-T0001`: numbers are never used again.
  last_store_number integer not null default 0,
  last_terminal_number integer not null default 0,
  created_at timestamptz not null
);

create table clients (
  account_id text not null references accounts,
  client_id text not null,
  name text not null,
  created_at timestamptz not null,
  revoked_at timestamptz,
  primary key (account_id, client_id)
);

create table client_secrets (
  account_id text not null,
  client_id text not null,
  secret_id uuid not null,
  secret_hash text not null,
  created_at timestamptz not null,
  revoked_at timestamptz,
  primary key (account_id, client_id, secret_id),
  foreign key (account_id, client_id) references clients
);

create table client_grants (
  account_id text not null,
  client_id text not null,
  audience_account_id text not null references accounts,
  scopes text[] not null,
  created_at timestamptz not null,
  primary key (account_id, client_id, audience_account_id),
  foreign key (account_id, client_id) references clients
);

create table signing_keys (
  kid text primary key,
  public_jwk jsonb not null,
  private_jwk jsonb not null,
  created_at timestamptz not null,
  retired_at timestamptz
);

create table payout_destinations (
  account_id text not null references accounts,
  payout_destination_id text not null,
  case_status text not null,
  type text not null,
  merchant_category_code text,
  organization jsonb,
  address jsonb,
  email text,
  phone_number text,
  website text,
  created_at timestamptz not null,
  primary key (account_id, payout_destination_id)
);

create table stores (
  account_id text not null references accounts,
  id text not null,
  number integer not null,
  store_id text not null,
  status text not null check (status in ('ACTIVE', 'SUSPENDED', 'DELETED')),
  verified boolean not null,
  organization jsonb,
  store_name text,
  email text,
  phone_number text,
  address jsonb,
  coordinates jsonb,
  website text,
  payout_destination_id text,
  created_at timestamptz not null,
  created_by text not null,
  updated_at timestamptz not null,
  updated_by text not null,
  primary key (account_id, id),
  unique (account_id, number),
  foreign key (account_id, payout_destination_id) references payout_destinations
);
-- D4: the caller's id is taken only while the store lives.
create unique index stores_live_store_id on stores (account_id, store_id) where status <> 'DELETED';

create table terminals (
  account_id text not null references accounts,
  terminal_id text not null,
  number integer not null,
  id uuid not null,
  store_ref text not null,
  device_serial_number text not null,
  device_model text,
  simulated boolean not null,
  status text not null check (status in ('DELETED', 'PENDING', 'ACTION_REQUIRED', 'ACTIVE', 'INACTIVE', 'ERROR')),
  status_reason text check (status_reason in ('CHECK_UPDATE')),
  created_at timestamptz not null,
  created_by text not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  deleted_by text,
  primary key (account_id, terminal_id),
  unique (account_id, number),
  foreign key (account_id, store_ref) references stores
);
-- D9: a device is live at most once, over all accounts; so this one key cannot be led by the account.
create unique index terminals_live_serial on terminals (device_serial_number) where status <> 'DELETED';
create index terminals_store on terminals (account_id, store_ref);
create index terminals_simulated on terminals (account_id, terminal_id) where simulated and status <> 'DELETED';

create table terminal_credentials (
  account_id text not null,
  terminal_id text not null,
  secret_sha256 bytea not null,
  created_at timestamptz not null,
  primary key (account_id, terminal_id),
  foreign key (account_id, terminal_id) references terminals
);

create table operations (
  account_id text not null,
  id uuid not null,
  terminal_id text not null,
  operation text not null check (operation in ('end_of_day', 'send_logs', 'check_update', 'open_menu')),
  status text not null check (status in ('PENDING', 'COMPLETED', 'FAILED', 'TIMEOUT')),
  parameters jsonb not null,
  deadline timestamptz not null,
  created_at timestamptz not null,
  created_by text not null,
  updated_at timestamptz not null,
  updated_by text not null,
  started_at timestamptz,
  result jsonb,
  reason text,
  error jsonb,
  -- What a terminal answered after TIMEOUT; the state stays as the caller saw it (D17).
  late_result jsonb,
  client_id text not null,
  idempotency_key uuid,
  request_sha256 bytea not null,
  primary key (account_id, id)
);
-- D14: at most one live operation per terminal, whatever the processes in front believe.
create unique index operations_one_pending on operations (account_id, terminal_id) where status = 'PENDING';
-- D15: one request per client and key.
create unique index operations_idempotency on operations (account_id, client_id, idempotency_key)
  where idempotency_key is not null;
create index operations_deadline on operations (deadline) where status = 'PENDING';
create index operations_by_terminal on operations (account_id, terminal_id, id);
create index operations_idempotency_age on operations (created_at) where idempotency_key is not null;

-- Commands that still have to reach their terminal; written in the statement that accepts the operation.
create table outbox (
  account_id text not null,
  operation_id uuid not null,
  terminal_id text not null,
  due_at timestamptz not null,
  attempts integer not null default 0,
  primary key (account_id, operation_id)
);
create index outbox_due on outbox (due_at);

-- Which server runs which virtual terminal; a server that died loses them when its lease ends.
create table virtual_terminal_leases (
  account_id text not null,
  terminal_id text not null,
  server_id uuid not null,
  leased_until timestamptz not null,
  primary key (account_id, terminal_id),
  foreign key (account_id, terminal_id) references terminals
);

-- Plans of the hot statements are made while these tables are empty, and kept. Without statistics the planner takes
-- operations_by_terminal for a fair way to a primary key, skipping over terminals; so it is shown once what the tables
-- will look like: many terminals, few operations pending.
insert into operations (
  account_id, id, terminal_id, operation, status, parameters, deadline, created_at, created_by, updated_at, updated_by,
  client_id, request_sha256
)
select 'T00000000', gen_random_uuid(), 'T00000000-T' || n, 'open_menu', case when n % 20 = 0 then 'PENDING' else 'COMPLETED' end,
  '{}', now() + n * interval '1 second', now() + n * interval '1 second', 'x', now(), 'x', 'x', '\x00'
from generate_series(1, 2000) as n;
insert into outbox (account_id, operation_id, terminal_id, due_at)
select account_id, id, terminal_id, created_at from operations;
analyze operations;
analyze outbox;
delete from outbox;
delete from operations;
