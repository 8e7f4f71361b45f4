-- How the key outside of the database is recognised (docs/adr/0023-keys-and-walls.md). One row for all servers.
create table root_key (
  one boolean primary key default true check (one),
  fingerprint text not null,
  created_at timestamptz not null default now()
);
