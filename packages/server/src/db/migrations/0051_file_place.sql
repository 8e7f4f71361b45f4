-- Which place of files belongs to this database (docs/adr/0052-one-place-of-files.md). One row for all servers.
create table file_place (
  one boolean primary key default true check (one),
  id text not null,
  created_at timestamptz not null default now()
);
