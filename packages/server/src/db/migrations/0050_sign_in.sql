-- More ways to sign in: docs/adr/0051-sign-in.md.

-- The authenticator of a person (RFC 6238).
create table person_totp (
  person_id uuid primary key references people (id),
  -- A JWE that names the person; its key is not in the database.
  encrypted_secret text not null,
  -- Real time, as of the sessions.
  started_at timestamptz not null,
  -- From then on signing in asks for a code.
  confirmed_at timestamptz,
  -- The time step of the last accepted code: of none before it, and not of it, is another one accepted.
  last_step bigint check (confirmed_at is null or last_step is not null)
);

-- What the person uses in place of a code, once each.
create table person_recovery_codes (
  person_id uuid not null references person_totp (person_id) on delete cascade,
  code_sha256 bytea not null,
  used_at timestamptz,
  primary key (person_id, code_sha256)
);

-- Who a person is at a provider of OpenID Connect. A person is one subject of a provider: an address that was given to somebody else
-- opens nothing.
create table person_identities (
  issuer text not null,
  subject text not null,
  person_id uuid not null references people (id),
  created_at timestamptz not null,
  primary key (issuer, subject),
  unique (issuer, person_id)
);

-- Flows of sign-in at a provider that have begun a session: each does so once.
create table sign_in_flows_used (
  state_sha256 bytea primary key,
  used_at timestamptz not null
);
create index sign_in_flows_used_age on sign_in_flows_used (used_at);

-- Users who are invited are found by their address when they sign in at a provider.
create index account_users_invited on account_users (lower(email)) where person_id is null and removed_at is null;

-- The outbox also takes mails with links that let people in: of an account, and of no store and day. The token of such a link is in no
-- table: it is computed from the message's id. They wait in a state of their own, so that a server of an earlier version leaves them alone.
alter table mail_messages
  alter column store_ref drop not null,
  alter column business_day drop not null,
  add column link_purpose text check (link_purpose in ('invitation', 'reset')),
  drop constraint mail_messages_state_check,
  add constraint mail_messages_state_check
    check (state in ('waiting', 'link_waiting', 'sent', 'given_up', 'not_needed', 'ended')),
  add constraint mail_messages_subject
    check ((store_ref is null) = (business_day is null) and (store_ref is null) = (link_purpose is not null));
drop index mail_messages_waiting;
create index mail_messages_waiting on mail_messages (due_at) where state in ('waiting', 'link_waiting');
create index mail_messages_links on mail_messages (account_id, created_at) where link_purpose is not null;

-- Ends the authenticator of a user's person, for an admin of the account. A person who is a user of another account keeps it, without a
-- word: no account opens another, and none learns of another.
create function tillkeeper_end_totp(for_account text, for_user uuid) returns void
language plpgsql security definer as $$
declare
  its_person uuid;
  is_elsewhere boolean;
begin
  if current_setting('tillkeeper.account_id', true) is distinct from for_account then
    raise exception 'tillkeeper_end_totp: the transaction does not act for account %', for_account
      using errcode = 'insufficient_privilege';
  end if;
  -- Locked, as by whoever accepts an invitation of another account.
  select people.id into its_person
  from account_users as users join people on people.id = users.person_id
  where users.account_id = for_account and users.id = for_user and users.removed_at is null
  for update of people;
  perform set_config('tillkeeper.all_accounts', 'on', true);
  is_elsewhere := exists (
    select from account_users where person_id = its_person and account_id <> for_account and removed_at is null
  );
  perform set_config('tillkeeper.all_accounts', 'off', true);
  if not is_elsewhere then
    delete from person_totp where person_id = its_person;
  end if;
end
$$;
revoke all on function tillkeeper_end_totp from public;
do $$
begin
  -- Names in this function mean the tables of this schema, also beside temporary tables of the caller.
  execute format('alter function tillkeeper_end_totp set search_path = %I, pg_temp', current_schema());
end
$$;
