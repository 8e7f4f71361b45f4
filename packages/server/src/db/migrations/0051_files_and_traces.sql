-- Which place of files belongs to this database (docs/adr/0052-files-and-traces.md). One row for all servers.
create table file_place (
  one boolean primary key default true check (one),
  id text not null,
  created_at timestamptz not null default now()
);

-- The place of a live operation in a trace, as the header traceparent writes it, for the servers that send it and take its result.
alter table operation_claims add column traceparent text;
