-- Keys and walls in the database: docs/adr/0023-keys-and-walls.md.

-- Private keys are encrypted with a key that is not in the database. Servers do so at their start with what they find in
-- private_jwk, because no migration has the key.
alter table signing_keys
  alter column private_jwk drop not null,
  add column encrypted_private_jwk text,
  add constraint signing_keys_one_private_key check ((private_jwk is null) <> (encrypted_private_jwk is null));
