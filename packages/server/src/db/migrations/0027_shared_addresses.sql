-- Two devices that use one address: docs/adr/0015-presence.md.
alter table terminal_presence
  -- The last session of the run of the device's program that was heard before the present one.
  add column other_session text,
  -- How often a run was heard again after another had taken its place, and when last.
  add column returns integer not null default 0,
  add column returned_at timestamptz;

alter table presence_changes drop constraint presence_changes_reason_check;
alter table presence_changes add constraint presence_changes_reason_check
  check (reason in ('connected', 'heard_again', 'link_lost', 'silent', 'goodbye', 'address_shared'));
