-- An end_of_day is carried out by one device at most: the claim says which credential it went out to, and nobody else is sent it
-- or asked about it (docs/adr/0014-pairing-and-device-tokens.md).
alter table terminal_credentials
  -- Since when nobody can be connected by the credential before; null while the broker could not be told. The default stays:
  -- servers of before, which run beside this one while it is brought in, know nothing of it.
  add column admitted_at timestamptz default now();

alter table operation_claims
  -- Of what must not be done twice, once it was sent: the credential of the only device that can have heard it. Null then means
  -- that nobody knows which one that was.
  add column sent_to uuid;

update operation_claims as claim set sent_to = credential.credential_id
from terminal_credentials as credential
where credential.account_id = claim.account_id and credential.terminal_id = claim.terminal_id and claim.attempts > 0
  and claim.operation = 'end_of_day';
