-- Clients and grants with everything that the public reference shows of them.
alter table clients
  add column id uuid not null default gen_random_uuid(),
  add column description text,
  add column callbacks text[] not null default '{}',
  add column created_by text not null default '',
  add column updated_at timestamptz not null default now(),
  add column updated_by text not null default '',
  alter column name drop not null;
alter table clients alter column id drop default;
create unique index clients_id on clients (account_id, id);
-- The client id is the subject of tokens, and goes into `created_by`: so it means one client in all accounts, for ever.
create unique index clients_client_id on clients (client_id);
-- Newest first, page by page.
create index clients_newest on clients (account_id, created_at desc, id desc);

-- Only of long ones: a short secret was chosen by somebody, and four characters would tell too much of it.
alter table client_secrets add column last_four text;
-- The first byte of the secret's SHA-256: says which of a client's secrets is worth the slow check, and next to nothing else.
-- Null for secrets from before; those are all worth it.
alter table client_secrets add column tag smallint;

-- A token names the grant it stems from. Removed grants stay as rows, so that every server can see which tokens to refuse.
alter table client_grants
  add column id uuid not null default gen_random_uuid(),
  add column audience text,
  add column type text not null default 'client_credentials' check (type in ('client_credentials')),
  add column created_by text not null default '',
  add column updated_at timestamptz not null default now(),
  add column updated_by text not null default '',
  add column removed_at timestamptz,
  -- When it last gave less than before: scopes were taken away, or it was removed.
  add column narrowed_at timestamptz,
  drop constraint client_grants_pkey,
  add primary key (account_id, id);
alter table client_grants alter column id drop default;
create unique index client_grants_live on client_grants (account_id, client_id, audience_account_id)
  where removed_at is null;
create index client_grants_newest on client_grants (account_id, created_at desc, id desc) where removed_at is null;
-- Read by every server every few seconds, over all accounts.
create index client_grants_narrowed on client_grants (narrowed_at) where narrowed_at is not null;

-- Whatever is there already came with its client.
update clients set created_by = client_id, updated_by = client_id, updated_at = created_at;
update client_grants set created_by = client_id, updated_by = client_id, updated_at = created_at;
