-- A subscription gets what happens after it was made: events of its account beyond this position.
alter table hook_subscriptions add column after_position bigint not null default 0;
