-- Each time that the database went back to an earlier moment: a backup was restored, or a failover lost what came last.
create table database_restores (
  id uuid primary key,
  -- By the servers' clock, when it was told or noticed.
  at timestamptz not null,
  -- `told` by its operator, or `noticed` by a server.
  how text not null check (how in ('told', 'noticed'))
);
create index database_restores_at on database_restores (at);

-- Grows with every sign of a server: one that reads less than it has read before knows that the database went back.
alter table presence_watch add column signs bigint not null default 0;
