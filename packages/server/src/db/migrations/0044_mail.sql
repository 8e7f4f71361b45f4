-- Mail about business days that were not closed: docs/adr/0043-mail.md.

-- Who is told of the days of all stores of an account. The addresses of one store are in its configuration.
create table mail_lists (
  account_id text primary key references accounts (account_id),
  -- As the API shows them.
  recipients jsonb not null
);

-- Business days that ended without being closed, each once: who tells of a day sets `told_at` first.
create table mail_days (
  account_id text not null,
  store_ref text not null,
  business_day date not null,
  -- Business time of the first event that said so.
  noticed_at timestamptz not null,
  -- When it is looked at whether the day is closed by now.
  look_at timestamptz not null,
  told_at timestamptz,
  primary key (account_id, store_ref, business_day)
);
create index mail_days_due on mail_days (look_at) where told_at is null;
create index mail_days_age on mail_days (noticed_at);

-- One for each day and address.
create table mail_messages (
  account_id text not null,
  -- In the links of the mail, signed.
  id uuid primary key,
  store_ref text not null,
  business_day date not null,
  -- As it is sent to: the domain in ASCII.
  address text not null,
  language text not null check (language in ('en', 'nb', 'sv', 'da')),
  -- not_needed: the day was closed before it was sent. ended: the reader wants no more.
  state text not null default 'waiting' check (state in ('waiting', 'sent', 'given_up', 'not_needed', 'ended')),
  -- Business time of the next attempt.
  due_at timestamptz not null,
  attempts integer not null default 0,
  created_at timestamptz not null,
  finished_at timestamptz,
  -- Real time until which the server that claimed it may take.
  leased_until timestamptz,
  lease uuid
);
-- The case of an address is kept and means nothing.
create unique index mail_messages_once on mail_messages (account_id, store_ref, business_day, lower(address));
create index mail_messages_waiting on mail_messages (due_at) where state = 'waiting';
create index mail_messages_age on mail_messages (created_at);

-- Addresses whose readers want no more of an account's mails. In lower case.
create table mail_endings (
  account_id text not null,
  address text not null,
  ended_at timestamptz not null,
  primary key (account_id, address)
);

-- One row, made by the first server: the place of the last event that was looked at.
create table mail_cursor (
  one boolean primary key default true check (one),
  place bigint not null
);

do $$
declare
  name text;
begin
  foreach name in array array['mail_lists', 'mail_days', 'mail_messages', 'mail_endings'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own_account on %I using (tillkeeper_sees(account_id))', name);
    execute format(
      'create policy all_accounts on %I to current_user using (current_setting(''tillkeeper.all_accounts'', true) = ''on'')', name);
  end loop;
end
$$;
