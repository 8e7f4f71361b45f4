-- Front ends of others that people sign in to, and a bound on guesses of codes: docs/adr/0054-front-ends.md.

-- What a person has let a front end do: a code that was given for it, and the token that the code was exchanged for. It ends with its
-- session. Account, client and greatest scopes are those of the grant; the user of the account is that of the session's person.
create table authorizations (
  id uuid primary key,
  session_id uuid not null references sessions (id) on delete cascade,
  grant_id uuid not null,
  redirect_uri text not null,
  -- RFC 7636, S256.
  code_challenge text not null,
  scopes text[] not null,
  code_sha256 bytea not null unique,
  -- Real time, as of the sessions.
  code_expires_at timestamptz not null,
  -- A code that has a token was used.
  token_sha256 bytea unique,
  token_expires_at timestamptz,
  created_at timestamptz not null,
  ended_at timestamptz,
  check ((token_sha256 is null) = (token_expires_at is null))
);
create index authorizations_session on authorizations (session_id);
create index authorizations_age on authorizations (created_at);

-- How many codes were tried since one was accepted. Beyond a bound only recovery codes count.
alter table person_totp add column tries integer not null default 0;
