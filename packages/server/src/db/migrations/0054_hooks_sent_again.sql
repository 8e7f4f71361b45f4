-- It was asked for again while it was under way: it is sent once more when that attempt has ended.
alter table hook_deliveries add column asked_again boolean not null default false;
