-- Every hello names its session (docs/adr/0015-presence.md). One that was heard without was of a program before version 1.
update terminal_presence set session = 'unnamed' where session is null;
alter table terminal_presence alter column session set not null;

-- The history of a terminal that floods it is thinned out where it is written.
alter table terminal_presence drop column changes_counted, drop column counted_from, drop column untold_reason;
