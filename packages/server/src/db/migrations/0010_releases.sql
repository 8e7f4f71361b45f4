-- Software releases and configurations of terminals: docs/adr/0017-releases.md.

-- Public keys of those who make releases. A revoked one stays: what it signed must not become valid again.
create table release_keys (
  account_id text not null references accounts,
  -- RFC 7638 thumbprint.
  key_id text not null,
  name text not null,
  public_key jsonb not null,
  created_at timestamptz not null,
  created_by text not null,
  revoked_at timestamptz,
  revoked_by text,
  primary key (account_id, key_id)
);

create table releases (
  account_id text not null,
  -- UUIDv7: ordered by time.
  id uuid not null,
  device_model text not null,
  version text not null,
  size integer not null,
  sha256 text not null,
  signature text not null,
  key_id text not null,
  notes text,
  status text not null check (status in ('draft', 'available', 'withdrawn')),
  -- Since when terminals could have got it: then its version means that file, also once it is withdrawn.
  available_at timestamptz,
  -- When the file of a withdrawn release was deleted.
  file_removed_at timestamptz,
  created_at timestamptz not null,
  created_by text not null,
  updated_at timestamptz not null,
  updated_by text not null,
  primary key (account_id, id),
  foreign key (account_id, key_id) references release_keys
);
create unique index releases_version on releases (account_id, device_model, version)
  where status <> 'withdrawn' or available_at is not null;
create index releases_to_clean on releases (id) where status = 'withdrawn' and file_removed_at is null;
create index releases_offered on releases (account_id, device_model) where status = 'available';

alter table accounts add column last_configuration_number integer not null default 0;

create table configurations (
  account_id text not null references accounts,
  version integer not null,
  -- Null: of any model, in any store.
  device_model text,
  store_ref text,
  content jsonb not null,
  created_at timestamptz not null,
  created_by text not null,
  -- From then on it holds for nobody.
  withdrawn_at timestamptz,
  withdrawn_by text,
  primary key (account_id, version),
  foreign key (account_id, store_ref) references stores
);
-- The newest of each narrowness.
create index configurations_of on configurations (account_id, store_ref, device_model, version desc)
  where withdrawn_at is null;

-- What terminals said they run, at their last check_update.
create table terminal_software (
  account_id text not null,
  terminal_id text not null,
  software_version text,
  configuration_version text,
  reported_at timestamptz not null,
  primary key (account_id, terminal_id),
  foreign key (account_id, terminal_id) references terminals
);

alter table release_keys enable row level security;
alter table release_keys force row level security;
create policy own_account on release_keys using (tillkeeper_sees(account_id));
alter table releases enable row level security;
alter table releases force row level security;
create policy own_account on releases using (tillkeeper_sees(account_id));
alter table configurations enable row level security;
alter table configurations force row level security;
create policy own_account on configurations using (tillkeeper_sees(account_id));
alter table terminal_software enable row level security;
alter table terminal_software force row level security;
create policy own_account on terminal_software using (tillkeeper_sees(account_id));
