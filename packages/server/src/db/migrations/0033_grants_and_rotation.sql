-- A secret that a rotation replaced ends by itself. The server compares with its real time: no sandbox's clock moves it.
alter table client_secrets add column expires_at timestamptz;

-- Scopes of other parts of the product are kept, in a column of their own: nothing but `scopes` gives power, so a scope that
-- a later version of the server knows is not given by what was kept before. Null: `scopes` are all that was asked for.
alter table client_grants
  add column asked_scopes text[],
  add column oidc jsonb,
  drop constraint client_grants_type_check,
  add constraint client_grants_type_check check (type in ('client_credentials', 'any', 'authorization_code', 'password'));
