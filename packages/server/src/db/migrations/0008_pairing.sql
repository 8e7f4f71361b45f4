-- A terminal has one credential, replaced as a whole: a password, or the public key of the device that it is paired with.
-- Whoever is connected was let in by one of them, and stays as long as it is still that one (docs/adr/0014-pairing-and-device-tokens.md).
-- The default stays: servers of before, which run beside this one while it is brought in, give out passwords without it.
alter table terminal_credentials
  add column credential_id uuid not null default gen_random_uuid(),
  add column public_key jsonb,
  add column device_serial_number text,
  alter column secret_sha256 drop not null,
  add constraint terminal_credentials_one_kind check ((secret_sha256 is null) <> (public_key is null));

create table pairing_codes (
  account_id text not null,
  id uuid not null,
  terminal_id text not null,
  -- Of the device that it was made for: the terminal may become another one.
  device_serial_number text not null,
  code_hash bytea not null,
  reference text,
  status text not null check (status in ('open', 'used', 'expired', 'replaced', 'exhausted')),
  created_at timestamptz not null,
  created_by text not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  key_thumbprint text,
  failed_attempts integer not null,
  primary key (account_id, id),
  foreign key (account_id, terminal_id) references terminals
);
create unique index pairing_codes_open on pairing_codes (account_id, terminal_id) where status = 'open';
create index pairing_codes_by_terminal on pairing_codes (account_id, terminal_id, id);

alter table pairing_codes enable row level security;
alter table pairing_codes force row level security;
create policy own_account on pairing_codes using (tillkeeper_sees(account_id));

-- The devices that terminals were; the one that a terminal is stands in its own row.
create table terminal_devices (
  account_id text not null,
  id uuid not null,
  terminal_id text not null,
  device_serial_number text not null,
  device_model text,
  used_from timestamptz not null,
  used_until timestamptz not null,
  replaced_by text not null,
  primary key (account_id, id),
  foreign key (account_id, terminal_id) references terminals
);
create index terminal_devices_by_terminal on terminal_devices (account_id, terminal_id, id);
create index terminal_devices_by_serial on terminal_devices (account_id, device_serial_number);

alter table terminal_devices enable row level security;
alter table terminal_devices force row level security;
create policy own_account on terminal_devices using (tillkeeper_sees(account_id));

-- Since when the device that the command was sent to is the terminal's no longer: whether it began, only that one knows, and
-- the next must not be sent what may be done already. Null while nobody else has taken its place.
alter table operation_claims add column recipient_gone_at timestamptz;
