-- Where the wrong tries of a code came from: {"network": tries}, bounded by the server (docs/adr/0014-pairing-and-device-tokens.md).
alter table pairing_codes add column wrong_tries_from jsonb not null default '{}';

-- The nonces of proofs that were accepted: a proof counts once, at all servers of this database. A row goes when the nonce has
-- been over for a while.
create table used_nonces (
  account_id text not null,
  id uuid not null,
  expires_at timestamptz not null,
  primary key (account_id, id)
);
create index used_nonces_over on used_nonces (expires_at);

alter table used_nonces enable row level security;
alter table used_nonces force row level security;
create policy own_account on used_nonces using (tillkeeper_sees(account_id));
create policy all_accounts on used_nonces to current_user using (current_setting('tillkeeper.all_accounts', true) = 'on');
