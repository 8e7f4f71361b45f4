-- Secrets that the server makes are 256 random bits: they are kept as a SHA-256 digest, `sha256$...`, and found by it. A
-- memory-hard hash, `scrypt$...`, is for secrets that a person chose.
alter table client_secrets add column chosen boolean not null default false;
alter table client_secrets alter column chosen drop default;

-- Only secrets of 43 characters or more have a hint. What is shorter was not made by the server. What is not chosen and still
-- has a slow hash is given its digest when it matches next.
update client_secrets set chosen = true where last_four is null;

-- A client has at most one chosen secret, so that a wrong secret costs one slow check. Its newest chosen secret stays valid.
update client_secrets as secret set revoked_at = now()
where secret.chosen and secret.revoked_at is null and exists (
  select from client_secrets as newer
  where newer.account_id = secret.account_id and newer.client_id = secret.client_id and newer.chosen
    and newer.revoked_at is null and (newer.created_at, newer.secret_id) > (secret.created_at, secret.secret_id)
);
create unique index client_secrets_chosen on client_secrets (account_id, client_id) where chosen and revoked_at is null;
alter table client_secrets
  add constraint client_secrets_form check (secret_hash like 'scrypt$%' or (secret_hash like 'sha256$%' and not chosen));

-- However many secrets a client has had, finding one reads those that are valid.
create index client_secrets_valid on client_secrets (account_id, client_id, secret_hash) where revoked_at is null;

-- The first byte of a secret's plain SHA-256: with it, 255 of 256 guesses at a chosen secret would need no slow hash.
alter table client_secrets drop column tag;
