-- How fast one terminal makes history: docs/adr/0015-presence.md.
alter table terminal_presence
  -- Changes in the history since `counted_from`, within a minute of it.
  add column changes_counted integer not null default 0,
  add column counted_from timestamptz,
  -- Why the status became what it is, where the history does not tell yet because there were too many changes.
  add column untold_reason text check (untold_reason in ('connected', 'heard_again', 'link_lost', 'silent', 'goodbye'));
